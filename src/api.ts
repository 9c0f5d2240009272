import { hostname } from 'node:os'
import { createApp } from './api/app.ts'
import { createWithFile } from './api/file-bytes.ts'
import { openPreviewFeed } from './api/preview-feed.ts'
import { endLog } from './api/read-log.ts'
import { createQuota } from './api/quota.ts'
import { steady } from './api/rate.ts'
import { createTemporalWorkflows } from './api/temporal-workflows.ts'
import { openModelCatalog } from './backend.ts'
import { openBytes } from './blobs.ts'
import type { ServerConfig } from './config.ts'
import { readConfig, requireServerConfig } from './config.ts'
import { announceReady } from './dev/ready.ts'
import { StartError } from './dev/start-error.ts'
import { PUBLIC_GITHUB } from './egress/repository-route.ts'
import { openTemporalClient } from './history/client.ts'
import { createAesCodec } from './history/codec.ts'
import { createSessionLog } from './history/session-log.ts'
import { createHistorySource } from './history/source.ts'
import { explainEnd, stopRequested } from './lifetime.ts'
import type { Log } from './log.ts'
import { createLog } from './log.ts'
import { takesFast, takesUrls } from './model/clouds.ts'
import { createPolicies, createWebVersions } from './policies.ts'
import type { KeyStore } from './store/keys.ts'
import { openDatabase } from './store/postgres/database.ts'
import { createDeltaChannel } from './store/postgres/deltas.ts'
import { createNotifier, deletedChannel } from './store/postgres/notify.ts'
import { createStores } from './store/postgres/stores.ts'
import { resourcesChannel } from './store/resource-secrets.ts'
import { createSecretBox } from './store/secrets.ts'
import { openWorkPorts } from './work-ports.ts'
import { mintId } from './wire/mint.ts'
import { createValidator } from './wire/validate.ts'
import { BRAIN_QUEUE, DEFAULT_WORKSPACE } from './workflows/messages.ts'

/** The api process: stateless, as many as you like beside one Temporal and one PostgreSQL. */
async function main(config: ServerConfig, log: Log): Promise<void> {
  await using database = await openDatabase(config.databaseUrl, log)
  const stores = createStores(database, config.codecKey)
  if (config.apiKey) await ensureKey(stores.keys, config.apiKey, log)

  await using notifier = await createNotifier(config.databaseUrl, log)
  const { connection, namespace } = config.temporal
  const temporal = await openTemporalClient({
    connection,
    namespace,
    codecs: config.codecKey ? [createAesCodec(config.codecKey)] : [],
    identity: `api ${process.pid}@${hostname()}`,
  })
  const sessionLog = createSessionLog({
    source: createHistorySource(temporal.workflow),
    archive: stores.archive,
    log,
  })
  await notifier.subscribe(deletedChannel, (session) => void endLog(sessionLog, session))

  const { blobs, contents } = await openBytes(config, stores.sessions)
  const workTimes = { lease: config.workLease * 1_000, idle: config.workIdle * 1_000 }
  const app = createApp(
    {
      ...stores,
      ...(await openWorkPorts({ stores, notifier, workTimes })),
      log: sessionLog,
      blobs,
      contents,
      withFile: createWithFile({ contents, files: stores.files }),
      previews: await openPreviewFeed(createDeltaChannel(notifier, config.codecKey)),
      workflows: createTemporalWorkflows({ client: temporal.workflow, taskQueue: BRAIN_QUEUE }),
      validator: createValidator(),
      policyFor: createPolicies(config),
      webVersions: createWebVersions(config),
      quota: createQuota(
        { requests: config.workspaceRequests, running: config.workspaceSessions },
        {
          countRunning: (workspace, most) => stores.sessions.countRunning(workspace, most),
          now: steady,
        },
      ),
      takesUrls: takesUrls(config.modelBackend),
      takesFast: takesFast(config.modelBackend),
      models: await openModelCatalog(config),
      announceDeleted: (session) => notifier.publish(deletedChannel, session),
      announceResources: (session) => notifier.publish(resourcesChannel, session),
      secrets: config.secretsKey ? createSecretBox(config.secretsKey) : null,
      repositoryHosts: [...new Set([PUBLIC_GITHUB, config.githubUrl])],
    },
    log,
  )
  const stopped = stopRequested()
  await listen(app, config.port)
  announceReady()
  await stopped
  await app.close()
  sessionLog.close()
  await temporal.connection.close()
}

async function ensureKey(keys: KeyStore, secret: string, log: Log): Promise<void> {
  const key = { id: mintId('key'), name: 'configured', workspaceId: DEFAULT_WORKSPACE }
  if (!(await keys.ensure(key, secret)))
    log.warn('the key of LONGHAND_API_KEY was revoked and opens nothing: configure another')
}

async function listen(app: ReturnType<typeof createApp>, port: number): Promise<void> {
  try {
    await app.listen({ host: '127.0.0.1', port })
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')) throw cause
    const remedy = 'Stop what listens there, or choose another with LONGHAND_PORT.'
    throw new StartError(`port ${port} on 127.0.0.1 is taken`, remedy, { cause })
  }
}

const log = createLog('api')
try {
  await main(requireServerConfig(readConfig({}, process.env)), log)
} catch (error) {
  process.exitCode = explainEnd(error, log)
}
// What still waits, for a command in its sandbox or for a connection, must not keep the process from its successor.
process.exit()
