import type { PayloadCodec } from '@temporalio/common'
import type { NativeConnection, WorkerOptions } from '@temporalio/worker'
import { Worker } from '@temporalio/worker'
import { handOnUndecodable } from '../history/codec.ts'
import type { RunHint } from '../workflows/sinks.ts'
import type { CanaryActivities, SessionActivities } from './index.ts'

export interface WorkerPorts {
  readonly connection: NativeConnection
  readonly namespace: string
  readonly codecs: readonly PayloadCodec[]
  readonly identity: string
}

export type BrainActivities = Pick<SessionActivities, 'callModel' | 'compact' | 'openSession' | 'archiveRun'>
export type HandsActivities = Pick<SessionActivities, 'execute'>

/** What a workflow says of itself, as its worker hears it. */
export interface Reports {
  hint(session: string, hint: RunHint): void
}

const CACHED_WORKFLOWS = 500
/** Model calls and tool calls wait for others most of the time. */
const ACTIVITY_SLOTS = 200

const canary: CanaryActivities = { ping: async () => undefined }

export interface BrainOptions {
  readonly taskQueue: string
  readonly activities: BrainActivities
  readonly reports: Reports
  /** File with the workflows' bundle (`prepareWorkflowBundle`). */
  readonly bundle: string
  /** Sessions' workflows kept in memory; a further one costs the eviction, and later the replay, of the oldest. */
  readonly cachedWorkflows?: number
}

/** The brain: workflows, and the model calls that are dispatched to them eagerly. */
export function createBrainWorker(
  ports: WorkerPorts,
  { taskQueue, activities, reports, bundle, cachedWorkflows = CACHED_WORKFLOWS }: BrainOptions,
): Promise<Worker> {
  return Worker.create({
    ...commonOptions(ports, taskQueue),
    workflowBundle: { codePath: bundle },
    activities: { ...activities, ...canary },
    maxCachedWorkflows: cachedWorkflows,
    // A crashed worker's sessions wait this long for it before another one is asked.
    stickyQueueScheduleToStartTimeout: '1 second',
    sinks: {
      index: {
        hint: {
          fn: ({ workflowId }, hint: RunHint) => reports.hint(workflowId, hint),
          callDuringReplay: false,
        },
      },
    },
  })
}

/** The hands: tool calls, on a queue of their own. */
export function createHandsWorker(
  ports: WorkerPorts,
  { taskQueue, activities }: { taskQueue: string; activities: HandsActivities },
): Promise<Worker> {
  return Worker.create({ ...commonOptions(ports, taskQueue), activities: { ...activities } })
}

function commonOptions(ports: WorkerPorts, taskQueue: string): WorkerOptions {
  return {
    connection: ports.connection,
    namespace: ports.namespace,
    identity: ports.identity,
    taskQueue,
    dataConverter: { payloadCodecs: ports.codecs.map(handOnUndecodable) },
    maxConcurrentActivityTaskExecutions: ACTIVITY_SLOTS,
    // An interrupt reaches a running call with its next beat.
    maxHeartbeatThrottleInterval: '500 milliseconds',
    shutdownGraceTime: '1 second',
  }
}
