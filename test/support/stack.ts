import Anthropic from '@anthropic-ai/sdk'
import type { Client } from '@temporalio/client'
import type { PayloadCodec } from '@temporalio/common'
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker'
import type { FastifyInstance } from 'fastify'
import { inject } from 'vitest'
import { createExecute } from '../../src/activities/execute.ts'
import { createCallModel } from '../../src/activities/model.ts'
import { createOpenSession } from '../../src/activities/open.ts'
import type { StatusWriter } from '../../src/activities/status-writer.ts'
import { createStatusWriter } from '../../src/activities/status-writer.ts'
import { createBrainWorker, createHandsWorker } from '../../src/activities/workers.ts'
import { createApp } from '../../src/api/app.ts'
import { openPreviewFeed } from '../../src/api/preview-feed.ts'
import { endLog } from '../../src/api/read-log.ts'
import { createTemporalWorkflows } from '../../src/api/temporal-workflows.ts'
import type { SessionWorkflows } from '../../src/api/workflows.ts'
import { openModelCatalog, openModelEndpoint } from '../../src/backend.ts'
import type { Hands } from '../../src/hands/hands.ts'
import { toolDefinitions } from '../../src/hands/tools/definitions.ts'
import { openTemporalClient } from '../../src/history/client.ts'
import type { SessionLog } from '../../src/history/session-log.ts'
import { createSessionLog } from '../../src/history/session-log.ts'
import { createHistorySource } from '../../src/history/source.ts'
import type { DemoModel } from '../../src/model/demo/demo-model.ts'
import { startDemoModel } from '../../src/model/demo/demo-model.ts'
import { currentHarness, findHarness } from '../../src/model/harness.ts'
import { createMessagesModel } from '../../src/model/messages-client.ts'
import type { Model } from '../../src/model/model.ts'
import type { Policy } from '../../src/session/policy.ts'
import { policyOf } from '../../src/session/policy.ts'
import type { Database } from '../../src/store/postgres/database.ts'
import { openDatabase } from '../../src/store/postgres/database.ts'
import { createDeltaChannel, deltaSettings } from '../../src/store/postgres/deltas.ts'
import { migrate } from '../../src/store/postgres/migrate.ts'
import { createNotifier } from '../../src/store/postgres/notify.ts'
import type { DeltaChannel } from '../../src/store/deltas.ts'
import type { Stores } from '../../src/store/postgres/stores.ts'
import { createStores } from '../../src/store/postgres/stores.ts'
import { createValidator } from '../../src/wire/validate.ts'
import { testCodecs } from './codecs.ts'
import { createDatabase } from './postgres.ts'
import { silentLog } from './silent-log.ts'
import { temporalAddress, uniqueName } from './temporal.ts'

export interface StackOptions {
  readonly hands: Hands
  /** Those of the run if not given. */
  readonly codecs?: readonly PayloadCodec[]
  readonly policy?: Partial<Policy>
  /** Separate api applications over the same stores and Temporal, as separate processes would be. */
  readonly apis?: number
  /** What stands between the activities and the demo model. */
  readonly between?: (model: Model) => Model
  /** False: no api application hears of deletions from the others, as while their connection is broken. */
  readonly announces?: boolean
}

/** The whole service in one process, on a queue and a database of its own, with the demo model as its brain. */
export interface Stack extends AsyncDisposable {
  /** An official client per api application. */
  readonly clients: readonly Anthropic[]
  readonly sdk: Anthropic
  readonly urls: readonly string[]
  readonly apiKey: string
  readonly stores: Stores
  readonly database: Database
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
  const { codecs = testCodecs() } = options
  const policy = { ...policyOf(currentHarness), ...options.policy }
  const prefix = uniqueName('stack')
  const taskQueue = `${prefix}-brain`
  const testDatabase = await createDatabase()
  closers.add(async () => testDatabase[Symbol.asyncDispose]())
  const database = await openDatabase(testDatabase.url, silentLog)
  closers.add(() => database.destroy())
  await migrate(database)
  const stores = createStores(database)
  await stores.keys.createWorkspace('default', 'default')
  await stores.keys.ensure({ id: 'key_test', name: 'test', workspaceId: 'default' }, API_KEY)
  const model = await startDemoModel()
  closers.add(() => model.close())
  const temporal = await openTemporalClient({
    connection: { address: temporalAddress() },
    namespace: 'default',
    codecs,
    identity: prefix,
  })
  closers.add(() => temporal.connection.close())

  const notifier = await createNotifier(testDatabase.url, silentLog, { settings: deltaSettings })
  closers.add(async () => notifier[Symbol.asyncDispose]())
  const deltas = createDeltaChannel(notifier)

  const logs: SessionLog[] = []
  const { between = (one) => one, announces = true } = options
  const ports = {
    stores,
    logs,
    deltas,
    between,
    announces,
    temporal,
    model,
    taskQueue,
    policy,
    codecs,
    hands: options.hands,
    identity: prefix,
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
    database,
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
    prepare: () => prepare(sdk),
    [Symbol.asyncDispose]: () => closers.close(),
  }
}

function modelSettings(model: DemoModel): Parameters<typeof openModelEndpoint>[0] {
  return { modelBackend: 'anthropic', modelApiKey: model.apiKey, modelBaseUrl: model.url, modelNames: new Map() }
}

interface StackPorts {
  readonly stores: Stores
  /** Those of every api application: a deletion is announced to all of them. */
  readonly logs: SessionLog[]
  readonly deltas: DeltaChannel
  readonly between: (model: Model) => Model
  readonly announces: boolean
  readonly temporal: Client
  readonly model: DemoModel
  readonly taskQueue: string
  readonly policy: Policy
  readonly codecs: readonly PayloadCodec[]
  readonly hands: Hands
  readonly identity: string
}

async function startApi(
  ports: StackPorts,
  closers: Closers,
): Promise<{ app: FastifyInstance; url: string; log: SessionLog }> {
  const { stores, logs, deltas, announces, temporal, model, taskQueue, policy } = ports
  const log = createSessionLog({ source: createHistorySource(temporal.workflow), log: silentLog })
  logs.push(log)
  const app = createApp(
    {
      ...stores,
      log,
      previews: await openPreviewFeed(deltas),
      workflows: createTemporalWorkflows({ client: temporal.workflow, taskQueue }),
      validator: createValidator(),
      policy,
      models: await openModelCatalog(modelSettings(model)),
      announceDeleted: async (session) =>
        announces ? void (await Promise.all(logs.map((each) => endLog(each, session)))) : undefined,
    },
    silentLog,
  )
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  closers.add(async () => {
    log.close()
    await app.close()
  })
  return { app, url, log }
}

async function createWorkers(
  ports: StackPorts,
): Promise<{ start(): Promise<void>; stop(): Promise<void>; close(): Promise<void> }> {
  const { stores, deltas, between, temporal, model, taskQueue, policy, codecs, hands, identity } = ports
  const connection = await NativeConnection.connect({ address: temporalAddress() })
  const validator = createValidator()
  const workerPorts = { connection, namespace: 'default', codecs, identity }
  let running: { shutdown(): void }[] = []
  let ended: Promise<unknown> = Promise.resolve()

  async function start(): Promise<void> {
    const log = createSessionLog({ source: createHistorySource(temporal.workflow), log: silentLog })
    const writer = createStatusWriter(stores.sessions, silentLog)
    const brain = await createBrainWorker(workerPorts, {
      taskQueue,
      bundle: inject('workflowBundle'),
      activities: {
        ...createCallModel({
          log,
          model: between(createMessagesModel(await openModelEndpoint(modelSettings(model)))),
          configuration: (session) => stores.sessions.configuration(session),
          harness: (id) => findHarness(id) ?? currentHarness,
          tools: toolDefinitions,
          publish: (batch) => deltas.publish(batch),
        }),
        ...createOpenSession({ ...stores, policy, parseAgent: (body) => validator.parseBody('agents.create', body) }),
      },
      reports: {
        hint: (id, { status, length }) => writer.hint({ id, run: 1, status, length }),
        large: () => undefined,
      },
    })
    const execute = await createHandsWorker(workerPorts, {
      taskQueue: taskQueue.replace(/brain$/, 'hands'),
      activities: createExecute(hands),
    })
    running = [brain, execute]
    ended = runUntilStopped([brain, execute], writer)
  }
  async function stop(): Promise<void> {
    for (const worker of running.splice(0)) worker.shutdown()
    await ended
  }
  async function close(): Promise<void> {
    await stop()
    await connection.close()
  }
  return { start, stop, close }
}

/** What workers said of their sessions is written before they count as ended. */
async function runUntilStopped(workers: readonly { run(): Promise<void> }[], writer: StatusWriter): Promise<void> {
  try {
    await Promise.all(workers.map((worker) => worker.run()))
  } finally {
    await writer.close()
  }
}

async function prepare(sdk: Anthropic): Promise<{ agent: string; environment: string }> {
  const agent = await sdk.beta.agents.create({
    name: 'tester',
    model: 'claude-opus-5-5',
    tools: [{ type: 'agent_toolset_20260401' }],
  })
  const environment = await sdk.beta.environments.create({ name: uniqueName('environment') })
  return { agent: agent.id, environment: environment.id }
}

class Closers {
  readonly #closers: (() => Promise<unknown>)[] = []

  add(closer: () => Promise<unknown>): void {
    this.#closers.push(closer)
  }

  /** Last opened, first closed; one that fails keeps no other from being closed. */
  async close(): Promise<void> {
    for (const closer of this.#closers.splice(0).toReversed())
      await closer().catch((error: unknown) => console.error(error))
  }
}
