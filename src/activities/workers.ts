import type { PayloadCodec } from '@temporalio/common'
import type { NativeConnection, WorkerOptions } from '@temporalio/worker'
import { Worker } from '@temporalio/worker'
import type { SessionSinks } from '../workflows/sinks.ts'
import type { CanaryActivities, SessionActivities } from './index.ts'

export interface WorkerPorts {
  readonly connection: NativeConnection
  readonly namespace: string
  readonly codecs: readonly PayloadCodec[]
  readonly identity: string
}

export type BrainActivities = Pick<SessionActivities, 'callModel' | 'openSession'>
export type HandsActivities = Pick<SessionActivities, 'execute'>

/** What a workflow says of itself, as its worker hears it. */
export interface Reports {
  hint(session: string, report: { readonly status: SessionStatusHint; readonly length: number }): void
  large(session: string, report: { readonly length: number; readonly bytes: number }): void
}
type SessionStatusHint = Parameters<SessionSinks['index']['hint']>[0]

/** Sessions' workflows kept in memory; a further one costs the eviction, and later the replay, of the oldest. */
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
}

/** The brain: workflows, and the model calls that are dispatched to them eagerly. */
export function createBrainWorker(
  ports: WorkerPorts,
  { taskQueue, activities, reports, bundle }: BrainOptions,
): Promise<Worker> {
  return Worker.create({
    ...commonOptions(ports, taskQueue),
    workflowBundle: { codePath: bundle },
    activities: { ...activities, ...canary },
    maxCachedWorkflows: CACHED_WORKFLOWS,
    // A crashed worker's sessions wait this long for it before another one is asked.
    stickyQueueScheduleToStartTimeout: '1 second',
    sinks: {
      index: {
        hint: {
          fn: ({ workflowId }, status: SessionStatusHint, length: number) =>
            reports.hint(workflowId, { status, length }),
          callDuringReplay: false,
        },
        large: {
          fn: ({ workflowId }, length: number, bytes: number) => reports.large(workflowId, { length, bytes }),
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
    dataConverter: { payloadCodecs: [...ports.codecs] },
    maxConcurrentActivityTaskExecutions: ACTIVITY_SLOTS,
    // An interrupt reaches a running call with its next beat.
    maxHeartbeatThrottleInterval: '500 milliseconds',
    shutdownGraceTime: '1 second',
  }
}
