import { hostname } from 'node:os'
import { createApp } from './api/app.ts'
import { endLog } from './api/read-log.ts'
import { createTemporalWorkflows } from './api/temporal-workflows.ts'
import type { ServerConfig } from './config.ts'
import { ConfigError, readConfig, requireServerConfig } from './config.ts'
import { announceReady } from './dev/ready.ts'
import { openTemporalClient } from './history/client.ts'
import { createAesCodec } from './history/codec.ts'
import { createSessionLog } from './history/session-log.ts'
import { createHistorySource } from './history/source.ts'
import { stopRequested } from './lifetime.ts'
import type { Log } from './log.ts'
import { createLog } from './log.ts'
import { createModelCatalog } from './model/catalog.ts'
import { currentHarness } from './model/harness.ts'
import { policyOf } from './session/policy.ts'
import { openDatabase } from './store/postgres/database.ts'
import { createNotifier, deletedChannel } from './store/postgres/notify.ts'
import { createStores } from './store/postgres/stores.ts'
import { mintId } from './wire/mint.ts'
import { createValidator } from './wire/validate.ts'
import { BRAIN_QUEUE, DEFAULT_WORKSPACE } from './workflows/messages.ts'

/** The api process: stateless, as many as you like beside one Temporal and one PostgreSQL. */
async function main(config: ServerConfig, log: Log): Promise<void> {
  await using database = await openDatabase(config.databaseUrl, log)
  const stores = createStores(database)
  if (config.apiKey)
    await stores.keys.ensure({ id: mintId('key'), name: 'configured', workspaceId: DEFAULT_WORKSPACE }, config.apiKey)

  await using notifier = await createNotifier(config.databaseUrl, log)
  const { connection, namespace } = config.temporal
  const temporal = await openTemporalClient({
    connection,
    namespace,
    codecs: config.codecKey ? [createAesCodec(config.codecKey)] : [],
    identity: `api ${process.pid}@${hostname()}`,
  })
  const sessionLog = createSessionLog({ source: createHistorySource(temporal.workflow), log })
  await notifier.subscribe(deletedChannel, (session) => void endLog(sessionLog, session))

  const app = createApp(
    {
      ...stores,
      log: sessionLog,
      workflows: createTemporalWorkflows({ client: temporal.workflow, taskQueue: BRAIN_QUEUE }),
      validator: createValidator(),
      policy: policyOf(currentHarness),
      models: createModelCatalog({ apiKey: config.modelApiKey ?? '', baseUrl: config.modelBaseUrl, now: Date.now }),
      announceDeleted: (session) => notifier.publish(deletedChannel, session),
    },
    log,
  )
  const stopped = stopRequested()
  await app.listen({ host: '127.0.0.1', port: config.port })
  announceReady()
  await stopped
  await app.close()
  sessionLog.close()
  await temporal.connection.close()
}

const log = createLog('api')
try {
  await main(requireServerConfig(readConfig({}, process.env)), log)
} catch (error) {
  log.fatal({ err: error }, 'the api process cannot go on')
  process.exitCode = error instanceof ConfigError ? error.exitCode : 5
}
// What still waits, for a command in its sandbox or for a connection, must not keep the process from its successor.
process.exit()
