import { hostname } from 'node:os'
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker'
import { openBytes } from './blobs.ts'
import type { ServerConfig } from './config.ts'
import { readConfig, requireServerConfig } from './config.ts'
import { announceReady } from './dev/ready.ts'
import { openTemporalClient } from './history/client.ts'
import { createAesCodec } from './history/codec.ts'
import { copyRun } from './history/copy.ts'
import { createSessionLog } from './history/session-log.ts'
import { createHistorySource } from './history/source.ts'
import { explainEnd, stopRequested } from './lifetime.ts'
import type { Log } from './log.ts'
import { createLog } from './log.ts'
import { openDatabase } from './store/postgres/database.ts'
import { deltaSettings } from './store/postgres/deltas.ts'
import { createNotifier } from './store/postgres/notify.ts'
import { createStores } from './store/postgres/stores.ts'
import type { ServingHands } from './serving-hands.ts'
import type { WorkerGroup } from './worker-group.ts'
import type { WorkerParts } from './worker-parts.ts'

/** The worker process: brain, hands or both in one; as many of it as you like. */
async function main(config: ServerConfig, log: Log): Promise<void> {
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta: { error, ...meta } = {} }) =>
      log.warn({ temporal: level, meta, ...(error === undefined ? {} : { err: error }) }, message),
    ),
    shutdownSignals: [],
  })
  await using database = await openDatabase(config.databaseUrl, log)
  const stores = createStores(database, config.codecKey)
  const bytes = await openBytes(config, stores.sessions)
  await using notifier = await createNotifier(config.databaseUrl, log, { settings: deltaSettings })

  const { connection, namespace } = config.temporal
  const identity = `worker ${process.pid}@${hostname()}`
  const codecs = config.codecKey ? [createAesCodec(config.codecKey)] : []
  const temporal = await openTemporalClient({ connection, namespace, codecs, identity })
  const native = await NativeConnection.connect(connection)
  const source = createHistorySource(temporal.workflow)
  const sessionLog = createSessionLog({ source, archive: stores.archive, log })

  const stopped = stopRequested()
  const ports = { connection: native, namespace, codecs, identity }
  const copy: WorkerParts['copy'] = (session, id) => copyRun(source, session, id)
  const groups = await startRoles({
    ...bytes,
    config,
    database,
    stores,
    notifier,
    temporal,
    sessionLog,
    copy,
    ports,
    log,
  })
  announceReady()
  await Promise.race([stopped, ...groups.map(({ ended }) => ended)])
  await Promise.all(groups.map((group) => group.stop()))
  sessionLog.close()
  await native.close()
  await temporal.connection.close()
}

/** Only what a role needs is loaded for it: a brain without hands knows no sandbox. */
async function startRoles(parts: WorkerParts): Promise<readonly WorkerGroup[]> {
  const { roles } = parts.config
  const hands = roles.includes('hands') ? startHands(parts) : null
  const brain = roles.includes('brain') ? startBrain(parts, hands) : null
  const groups = await Promise.all([brain, hands])
  return groups.filter((group) => group !== null)
}

async function startHands(parts: WorkerParts): Promise<ServingHands> {
  const serving = await import('./serving-hands.ts')
  return serving.startHands(parts)
}

/** @param hands of this process; without any the sandboxes of deleted sessions are left to those that have them. */
async function startBrain(parts: WorkerParts, hands: Promise<ServingHands> | null): Promise<WorkerGroup> {
  const serving = await import('./serving-brain.ts')
  const removeSandboxes = async (session: string): Promise<void> => (await hands)?.hands.destroySession(session)
  return serving.startBrain(parts, removeSandboxes)
}

const log = createLog('worker')
try {
  await main(requireServerConfig(readConfig({}, process.env)), log)
} catch (error) {
  process.exitCode = explainEnd(error, log)
}
// What still waits, for a command in its sandbox or for a connection, must not keep the process from its successor.
process.exit()
