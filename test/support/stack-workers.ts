import type { Client } from '@temporalio/client'
import type { PayloadCodec } from '@temporalio/common'
import { NativeConnection } from '@temporalio/worker'
import { inject } from 'vitest'
import { createArchiveRun } from '../../src/activities/archive.ts'
import { createCompact } from '../../src/activities/compact.ts'
import { createContextReader } from '../../src/activities/context.ts'
import { createExecute } from '../../src/activities/execute.ts'
import { createHeardReader } from '../../src/activities/heard.ts'
import { createCallModel } from '../../src/activities/model.ts'
import { createProvision } from '../../src/activities/provision.ts'
import { createRecipeReader } from '../../src/activities/recipe.ts'
import { createOpenSession } from '../../src/activities/open.ts'
import { createQueueWork } from '../../src/activities/queue-work.ts'
import { createStatusWriter } from '../../src/activities/status-writer.ts'
import { createArchiveWorker, createBrainWorker, createHandsWorker } from '../../src/activities/workers.ts'
import type { Quotas } from '../../src/api/quota.ts'
import { openModelEndpoint } from '../../src/backend.ts'
import type { Hands } from '../../src/hands/hands.ts'
import type { SandboxHands } from '../../src/hands/sandbox-hands.ts'
import { aimedDefinitions } from '../../src/hands/tools/aim.ts'
import { toolDefinitions } from '../../src/hands/tools/definitions.ts'
import { remoteToolDefinitions } from '../../src/hands/tools/remote-definitions.ts'
import type { BlobStore } from '../../src/history/blobs.ts'
import { copyRun } from '../../src/history/copy.ts'
import type { SessionLog } from '../../src/history/session-log.ts'
import { createSessionLog } from '../../src/history/session-log.ts'
import { createHistorySource } from '../../src/history/source.ts'
import type { Log } from '../../src/log.ts'
import type { DemoModel } from '../../src/model/demo/demo-model.ts'
import { currentHarness, findHarness } from '../../src/model/harness.ts'
import { createMessagesModel } from '../../src/model/messages-client.ts'
import type { Model } from '../../src/model/model.ts'
import { createWebVersions } from '../../src/policies.ts'
import type { ApiContext } from '../../src/api/context.ts'
import type { DeltaChannel } from '../../src/store/deltas.ts'
import type { Stores } from '../../src/store/postgres/stores.ts'
import type { SecretBox } from '../../src/store/secrets.ts'
import { createValidator } from '../../src/wire/validate.ts'
import type { MemoryContents } from './memory-contents.ts'
import { runUntilStopped } from './run-until-stopped.ts'
import { temporalAddress } from './temporal.ts'

export const webVersions = createWebVersions({ modelBackend: 'anthropic', modelWebTools: 'auto' })

/** Where the demo model is asked. */
export function modelSettings(model: DemoModel): Parameters<typeof openModelEndpoint>[0] {
  return { modelBackend: 'anthropic', modelApiKey: model.apiKey, modelBaseUrl: model.url, modelNames: new Map() }
}

/** Those of a stack whose sessions have their sandboxes made ahead of calls can prepare them, too. */
export type StackHands = Hands & Partial<Pick<SandboxHands, 'prepare'>>

/** What the api applications and the workers of a stack share. */
export interface StackPorts {
  readonly stores: Stores
  readonly blobs: BlobStore
  readonly contents: MemoryContents
  readonly secrets: SecretBox
  readonly repositoryHosts: readonly string[]
  readonly announceResources: (session: string) => Promise<void>
  /** Those of every api application: a deletion is announced to all of them. */
  readonly logs: SessionLog[]
  readonly deltas: DeltaChannel
  readonly between: (model: Model) => Model
  readonly announces: boolean
  /** Options of each session log. */
  readonly kept: { readonly keep?: number }
  readonly temporal: Client
  readonly model: DemoModel
  readonly taskQueue: string
  readonly policyFor: ApiContext['policyFor']
  readonly quotas: Quotas
  readonly workPorts: Pick<ApiContext, 'callers' | 'workFeed' | 'workTimes'>
  readonly codecs: readonly PayloadCodec[]
  readonly hands: StackHands
  readonly identity: string
  readonly logger: Log
}

/** The workers of a stack, which can be ended and started again. */
export async function createWorkers(
  ports: StackPorts,
): Promise<{ start(): Promise<void>; stop(): Promise<void>; close(): Promise<void> }> {
  const {
    stores,
    blobs,
    deltas,
    between,
    kept,
    temporal,
    model,
    taskQueue,
    policyFor,
    codecs,
    hands,
    identity,
    logger,
  } = ports
  const connection = await NativeConnection.connect({ address: temporalAddress() })
  const validator = createValidator()
  const workerPorts = { connection, namespace: 'default', codecs, identity }
  let running: { shutdown(): void }[] = []
  let ended: Promise<unknown> = Promise.resolve()

  async function start(): Promise<void> {
    const source = createHistorySource(temporal.workflow)
    const log = createSessionLog({ source, archive: stores.archive, log: logger, ...kept })
    const asking = {
      context: createContextReader(log, blobs),
      heard: createHeardReader(log, blobs),
      blobs,
      model: between(createMessagesModel(await openModelEndpoint(modelSettings(model)))),
      configuration: (session: string, id?: string) => stores.sessions.configuration(session, id),
      harness: (id: string) => findHarness(id) ?? currentHarness,
      tools: toolDefinitions,
      aimedTools: (names: readonly string[]) => aimedDefinitions(toolDefinitions, names),
      remoteTools: remoteToolDefinitions,
      runsWebTools: true,
    }
    const writer = createStatusWriter(stores.sessions, logger)
    const archiving = createArchiveRun({ copy: (session, id) => copyRun(source, session, id), archive: stores.archive })
    const brain = await createBrainWorker(workerPorts, {
      taskQueue,
      bundle: inject('workflowBundle'),
      ...(kept.keep === undefined ? {} : { cachedWorkflows: kept.keep }),
      activities: {
        ...createCallModel({ ...asking, publish: (batch) => deltas.publish(batch) }),
        ...createCompact(asking),
        ...archiving,
        ...createQueueWork(stores.work),
        ...createOpenSession({
          ...stores,
          policyFor,
          webVersions,
          takesFast: true,
          parseAgent: (body) => validator.parseBody('agents.create', body),
        }),
      },
      reports: {
        hint: (id, hint) => writer.hint({ id, ...hint }),
      },
    })
    const recipes = createRecipeReader({ log, configuration: asking.configuration })
    const { prepare = () => Promise.reject(new Error('these hands prepare nothing')) } = hands
    const execute = await createHandsWorker(workerPorts, {
      taskQueue: taskQueue.replace(/brain$/, 'hands'),
      activities: { ...createExecute(hands, blobs, recipes), ...createProvision({ prepare }, recipes) },
    })
    const archive = await createArchiveWorker(workerPorts, {
      taskQueue: taskQueue.replace(/brain$/, 'archive'),
      activities: archiving,
    })
    running = [brain, execute, archive]
    ended = runUntilStopped([brain, execute, archive], writer)
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
