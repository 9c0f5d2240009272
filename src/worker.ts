import { hostname } from 'node:os'
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker'
import type { ArchiveRunPorts } from './activities/archive.ts'
import { createArchiveRun } from './activities/archive.ts'
import { createExecute } from './activities/execute.ts'
import { createHeardReader } from './activities/heard.ts'
import { createCompact } from './activities/compact.ts'
import { createConfigurations } from './activities/configurations.ts'
import { createContextReader } from './activities/context.ts'
import { createCallModel } from './activities/model.ts'
import { createOpenSession } from './activities/open.ts'
import { createStatusWriter } from './activities/status-writer.ts'
import { startSweeper } from './activities/sweeper.ts'
import { prepareWorkflowBundle } from './activities/workflow-bundle.ts'
import type { WorkerPorts } from './activities/workers.ts'
import { createArchiveWorker, createBrainWorker, createHandsWorker } from './activities/workers.ts'
import { openModelEndpoint } from './backend.ts'
import { openBlobs, openContents } from './blobs.ts'
import type { ServerConfig } from './config.ts'
import { cacheFolder, readConfig, requireServerConfig } from './config.ts'
import { announceReady } from './dev/ready.ts'
import { connectDoors, createPolicyOf } from './doors.ts'
import type { SandboxHands } from './hands/sandbox-hands.ts'
import { createSandboxHands } from './hands/sandbox-hands.ts'
import { toolDefinitions } from './hands/tools/definitions.ts'
import type { BlobStore } from './history/blobs.ts'
import { openTemporalClient } from './history/client.ts'
import { createAesCodec } from './history/codec.ts'
import type { SessionLog } from './history/session-log.ts'
import { createSessionLog } from './history/session-log.ts'
import { copyRun } from './history/copy.ts'
import { createHistorySource } from './history/source.ts'
import { explainEnd, stopRequested } from './lifetime.ts'
import type { Log } from './log.ts'
import { createLog } from './log.ts'
import { takesFast } from './model/clouds.ts'
import type { Harness } from './model/harness.ts'
import { findHarness } from './model/harness.ts'
import { createMessagesModel } from './model/messages-client.ts'
import { createPolicies, createWebVersions, hasWebTools } from './policies.ts'
import { createSandboxProvider } from './sandboxes.ts'
import { openDatabase } from './store/postgres/database.ts'
import { createDeltaChannel, deltaSettings } from './store/postgres/deltas.ts'
import { createNotifier } from './store/postgres/notify.ts'
import type { DeltaChannel } from './store/deltas.ts'
import type { Stores } from './store/postgres/stores.ts'
import { createStores } from './store/postgres/stores.ts'
import { createSweeperPorts } from './sweeping.ts'
import type { Validator } from './wire/validate.ts'
import { createValidator } from './wire/validate.ts'
import { ARCHIVE_QUEUE, BRAIN_QUEUE, HANDS_QUEUE } from './workflows/messages.ts'

/** The worker process: brain and hands in one; as many of it as you like. */
async function main(config: ServerConfig, log: Log): Promise<void> {
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta: { error, ...meta } = {} }) =>
      log.warn({ temporal: level, meta, ...(error === undefined ? {} : { err: error }) }, message),
    ),
    shutdownSignals: [],
  })
  await using database = await openDatabase(config.databaseUrl, log)
  const stores = createStores(database, config.codecKey)
  const blobs = openBlobs(config, stores.sessions)
  await using notifier = await createNotifier(config.databaseUrl, log, { settings: deltaSettings })
  const deltas = createDeltaChannel(notifier, config.codecKey)

  const { connection, namespace } = config.temporal
  const identity = `worker ${process.pid}@${hostname()}`
  const codecs = config.codecKey ? [createAesCodec(config.codecKey)] : []
  const temporal = await openTemporalClient({ connection, namespace, codecs, identity })
  const native = await NativeConnection.connect(connection)
  const source = createHistorySource(temporal.workflow)
  const copy: ArchiveRunPorts['copy'] = (session, id) => copyRun(source, session, id)
  const sessionLog = createSessionLog({ source, archive: stores.archive, log })
  const doors = connectDoors(config, createPolicyOf(stores))
  const attending = new AbortController()
  doors.attend(attending.signal).catch((err: unknown) => log.warn({ err }, 'the way to the network is not attended'))
  const hands = createSandboxHands({
    provider: await createSandboxProvider(config, doors),
    bindings: stores.bindings,
    log,
  })
  const contents = openContents(config)
  const sweeper = startSweeper(
    createSweeperPorts({ database, stores, blobs, contents, temporal, sessionLog, copy, hands, log }),
  )

  const stopped = stopRequested()
  const ports = { connection: native, namespace, codecs, identity }
  await runWorkers({ config, stores, blobs, deltas, sessionLog, copy, hands, log, ports }, stopped)
  await sweeper.stop()
  attending.abort()
  sessionLog.close()
  await native.close()
  await temporal.connection.close()
}

interface Parts {
  readonly config: ServerConfig
  readonly stores: Stores
  readonly blobs: BlobStore
  readonly deltas: DeltaChannel
  readonly sessionLog: SessionLog
  readonly copy: ArchiveRunPorts['copy']
  readonly hands: SandboxHands
  readonly log: Log
  readonly ports: WorkerPorts
}

/** Both workers until `stopped`: they then finish what they do, hand over the rest and end. */
async function runWorkers(
  { config, stores, blobs, deltas, sessionLog, copy, hands, log, ports }: Parts,
  stopped: Promise<void>,
): Promise<void> {
  const writer = createStatusWriter(stores.sessions, log)
  // Setting it up takes a fifth of a second of every recovery; a session that was started by hand may wait for it.
  let validator: Validator | undefined
  const model = createMessagesModel(await openModelEndpoint(config))
  const bundle = await prepareWorkflowBundle(cacheFolder(process.env))
  log.info(bundle, 'the workflows are bundled')
  const asking = {
    context: createContextReader(sessionLog, blobs),
    blobs,
    model,
    configuration: createConfigurations((session, id) => stores.sessions.configuration(session, id)),
    harness: requireHarness,
    tools: toolDefinitions,
    runsWebTools: hasWebTools(config),
  }
  const archiving = createArchiveRun({ copy, archive: stores.archive })
  const brain = await createBrainWorker(ports, {
    taskQueue: BRAIN_QUEUE,
    bundle: bundle.file,
    activities: {
      ...createCallModel({
        ...asking,
        publish: (batch) => deltas.publish(batch),
        heard: createHeardReader(sessionLog, blobs),
      }),
      ...createCompact(asking),
      ...archiving,
      ...createOpenSession({
        ...stores,
        parseAgent: (body) => (validator ??= createValidator()).parseBody('agents.create', body),
        policyFor: createPolicies(config),
        webVersions: createWebVersions(config),
        takesFast: takesFast(config.modelBackend),
      }),
    },
    reports: {
      hint: (id, hint) => writer.hint({ id, ...hint }),
    },
  })
  const execute = await createHandsWorker(ports, { taskQueue: HANDS_QUEUE, activities: createExecute(hands, blobs) })
  const archive = await createArchiveWorker(ports, { taskQueue: ARCHIVE_QUEUE, activities: archiving })
  const workers = [brain, execute, archive]
  const running = Promise.all(workers.map((worker) => worker.run()))
  announceReady()
  await Promise.race([stopped, running])
  for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown()
  await running
  await writer.close()
}

function requireHarness(id: string): Harness {
  const harness = findHarness(id)
  if (!harness) throw new Error(`expected a released harness, got ${id}`)
  return harness
}

const log = createLog('worker')
try {
  await main(requireServerConfig(readConfig({}, process.env)), log)
} catch (error) {
  process.exitCode = explainEnd(error, log)
}
// What still waits, for a command in its sandbox or for a connection, must not keep the process from its successor.
process.exit()
