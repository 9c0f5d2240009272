import { randomBytes } from 'node:crypto'
import Anthropic from '@anthropic-ai/sdk'
import type { Client } from '@temporalio/client'
import type { PayloadCodec } from '@temporalio/common'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import type { FastifyInstance } from 'fastify'
import { createApp } from '../../src/api/app.ts'
import { openPreviewFeed } from '../../src/api/preview-feed.ts'
import { createWithFile } from '../../src/api/file-bytes.ts'
import { endLog } from '../../src/api/read-log.ts'
import type { Quotas } from '../../src/api/quota.ts'
import { DEFAULT_QUOTAS, createQuota } from '../../src/api/quota.ts'
import { createTemporalWorkflows } from '../../src/api/temporal-workflows.ts'
import type { SessionWorkflows } from '../../src/api/workflows.ts'
import { openModelCatalog } from '../../src/backend.ts'
import { openTemporalClient } from '../../src/history/client.ts'
import type { SessionLog } from '../../src/history/session-log.ts'
import { createSessionLog } from '../../src/history/session-log.ts'
import { createHistorySource } from '../../src/history/source.ts'
import type { Log } from '../../src/log.ts'
import type { DemoModel } from '../../src/model/demo/demo-model.ts'
import { startDemoModel } from '../../src/model/demo/demo-model.ts'
import type { Model } from '../../src/model/model.ts'
import { createPolicies } from '../../src/policies.ts'
import type { ApiContext, WorkTimes } from '../../src/api/context.ts'
import type { Policy } from '../../src/session/policy.ts'
import type { Database } from '../../src/store/postgres/database.ts'
import { openDatabase } from '../../src/store/postgres/database.ts'
import { createDeltaChannel, deltaSettings } from '../../src/store/postgres/deltas.ts'
import { migrate } from '../../src/store/postgres/migrate.ts'
import { createNotifier } from '../../src/store/postgres/notify.ts'
import type { Stores } from '../../src/store/postgres/stores.ts'
import { createStores } from '../../src/store/postgres/stores.ts'
import { resourcesChannel } from '../../src/store/resource-secrets.ts'
import type { SecretBox } from '../../src/store/secrets.ts'
import { createSecretBox } from '../../src/store/secrets.ts'
import { createGuardedBlobs } from '../../src/store/guarded-blobs.ts'
import { createValidator } from '../../src/wire/validate.ts'
import { openWorkPorts } from '../../src/work-ports.ts'
import { Closers } from './closers.ts'
import { testCodecs } from './codecs.ts'
import type { MemoryBlobs } from './memory-blobs.ts'
import { createMemoryBlobs } from './memory-blobs.ts'
import type { MemoryContents } from './memory-contents.ts'
import { createMemoryContents } from './memory-contents.ts'
import { POLICY_SETTINGS } from './policy-settings.ts'
import { createDatabase } from './postgres.ts'
import { prepareAgent } from './prepare-agent.ts'
import { silentLog } from './silent-log.ts'
import type { StackHands, StackPorts } from './stack-workers.ts'
import { createWorkers, modelSettings, webVersions } from './stack-workers.ts'
import { temporalAddress, uniqueName } from './temporal.ts'

export interface StackOptions {
  readonly hands: StackHands
  /** Those of the run if not given. */
  readonly codecs?: readonly PayloadCodec[]
  readonly policy?: Partial<Policy>
  /** Those of every workspace; large ones if not given. */
  readonly quotas?: Partial<Quotas>
  /** Separate api applications over the same stores and Temporal, as separate processes would be. */
  readonly apis?: number
  /** What stands between the activities and the demo model. */
  readonly between?: (model: Model) => Model
  /** How long work items are held, and idle sessions served; as long as by default if not given. Milliseconds. */
  readonly workTimes?: Partial<WorkTimes>
  /** Where repositories may be besides github.com, as a URL. */
  readonly github?: string
  /** False: no api application hears of deletions from the others, as while their connection is broken. */
  readonly announces?: boolean
  /** How many logs, workflows and requests of the model are kept in memory; as many as each keeps if not given. */
  readonly keep?: number
  /** Of all that is in this process; says nothing if not given. */
  readonly logger?: Log
}

/** The whole service in one process, on a queue and a database of its own, with the demo model as its brain. */
export interface Stack extends AsyncDisposable {
  /** An official client per api application. */
  readonly clients: readonly Anthropic[]
  readonly sdk: Anthropic
  readonly urls: readonly string[]
  readonly apiKey: string
  readonly stores: Stores
  /** Under the key of this stack. */
  readonly secrets: SecretBox
  readonly blobs: MemoryBlobs
  readonly contents: MemoryContents
  readonly database: Database
  readonly databaseUrl: string
  readonly temporal: Client
  readonly log: SessionLog
  readonly workflows: SessionWorkflows
  readonly model: DemoModel
  readonly taskQueue: string
  /** Ends the workers and starts new ones with an empty cache, as a deploy would. */
  restartWorkers(): Promise<void>
  stopWorkers(): Promise<void>
  /** An agent with the built-in tools and an environment, ready for sessions. */
  prepare(): Promise<{ readonly agent: string; readonly environment: string }>
}

const API_KEY = 'lh_test_key'
/** Long enough that no id holds it by chance: answers are searched for it. */
const MODEL_KEY = 'the-key-of-the-model'
const policiesOf = createPolicies(POLICY_SETTINGS)

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] })

export async function startStack(options: StackOptions): Promise<Stack> {
  const closers = new Closers()
  try {
    return await build(options, closers)
  } catch (error) {
    await closers.close()
    throw error
  }
}

async function build(options: StackOptions, closers: Closers): Promise<Stack> {
  const { codecs = testCodecs(), keep, logger = silentLog } = options
  const policyFor: ApiContext['policyFor'] = (id, speed) => ({ ...policiesOf(id, speed), ...options.policy })
  const prefix = uniqueName('stack')
  const taskQueue = `${prefix}-brain`
  const testDatabase = await createDatabase()
  closers.add(async () => testDatabase[Symbol.asyncDispose]())
  const database = await openDatabase(testDatabase.url, logger)
  closers.add(() => database.destroy())
  await migrate(database)
  const stores = createStores(database)
  await stores.keys.createWorkspace('default', 'default')
  await stores.keys.ensure({ id: 'key_test', name: 'test', workspaceId: 'default' }, API_KEY)
  const model = await startDemoModel({ apiKey: MODEL_KEY, ...(keep === undefined ? {} : { keepRequests: keep }) })
  closers.add(() => model.close())
  const temporal = await openTemporalClient({
    connection: { address: temporalAddress() },
    namespace: 'default',
    codecs,
    identity: prefix,
  })
  closers.add(() => temporal.connection.close())

  const notifier = await createNotifier(testDatabase.url, logger, { settings: deltaSettings })
  closers.add(async () => notifier[Symbol.asyncDispose]())
  const deltas = createDeltaChannel(notifier)

  const logs: SessionLog[] = []
  const { between = (one) => one, announces = true } = options
  const quotas = { ...DEFAULT_QUOTAS, ...options.quotas }
  const blobs = createMemoryBlobs()
  const contents = createMemoryContents()
  const secrets = createSecretBox(randomBytes(32))
  const ports = {
    stores,
    blobs: createGuardedBlobs(blobs, stores.sessions),
    contents,
    secrets,
    repositoryHosts: ['https://github.com', ...(options.github === undefined ? [] : [options.github])],
    announceResources: (session: string) => notifier.publish(resourcesChannel, session),
    logs,
    deltas,
    between,
    announces,
    kept: keep === undefined ? {} : { keep },
    temporal,
    model,
    taskQueue,
    policyFor,
    quotas,
    workPorts: await openWorkPorts({
      stores,
      notifier,
      workTimes: { lease: 90_000, idle: 120_000, ...options.workTimes },
    }),
    codecs,
    hands: options.hands,
    identity: prefix,
    logger,
  }
  const apis = await Promise.all(Array.from({ length: options.apis ?? 1 }, () => startApi(ports, closers)))
  const workers = await createWorkers(ports)
  await workers.start()
  closers.add(() => workers.close())
  const clients = apis.map(({ url }) => new Anthropic({ baseURL: url, apiKey: API_KEY, maxRetries: 0 }))
  const [sdk] = clients
  const [first] = apis
  if (!sdk || !first) throw new Error('expected at least one api')
  return {
    clients,
    sdk,
    urls: apis.map(({ url }) => url),
    apiKey: API_KEY,
    stores,
    secrets,
    blobs,
    contents,
    database,
    databaseUrl: testDatabase.url,
    temporal,
    log: first.log,
    workflows: createTemporalWorkflows({ client: temporal.workflow, taskQueue }),
    model,
    taskQueue,
    stopWorkers: () => workers.stop(),
    async restartWorkers() {
      await workers.stop()
      await workers.start()
    },
    prepare: () => prepareAgent(sdk),
    [Symbol.asyncDispose]: () => closers.close(),
  }
}

async function startApi(
  ports: StackPorts,
  closers: Closers,
): Promise<{ app: FastifyInstance; url: string; log: SessionLog }> {
  const { stores, blobs, contents, logs, deltas, announces, kept, temporal, model, taskQueue, policyFor, quotas } =
    ports
  const source = createHistorySource(temporal.workflow)
  const log = createSessionLog({ source, archive: stores.archive, log: ports.logger, ...kept })
  logs.push(log)
  const app = createApp(
    {
      ...stores,
      ...ports.workPorts,
      log,
      blobs,
      contents,
      withFile: createWithFile({ contents, files: stores.files }),
      previews: await openPreviewFeed(deltas),
      workflows: createTemporalWorkflows({ client: temporal.workflow, taskQueue }),
      validator: createValidator(),
      policyFor,
      quota: createQuota(quotas, { countRunning: (...asked) => stores.sessions.countRunning(...asked), now: Date.now }),
      secrets: ports.secrets,
      repositoryHosts: ports.repositoryHosts,
      announceResources: ports.announceResources,
      takesUrls: true,
      webVersions,
      takesFast: true,
      models: await openModelCatalog(modelSettings(model)),
      announceDeleted: async (session) =>
        announces ? void (await Promise.all(logs.map((each) => endLog(each, session)))) : undefined,
    },
    ports.logger,
  )
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  closers.add(async () => {
    log.close()
    await app.close()
  })
  return { app, url, log }
}
