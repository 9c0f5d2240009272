import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
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

/** `archiveRun` too: workflows of earlier versions have scheduled it here. */
export type BrainActivities = Pick<
  SessionActivities,
  'callModel' | 'compact' | 'openSession' | 'archiveRun' | 'queueWork'
>
export type HandsActivities = Pick<SessionActivities, 'execute' | 'provision'>
export type ArchiveActivities = Pick<SessionActivities, 'archiveRun'>

/** What a workflow says of itself, as its worker hears it. */
export interface Reports {
  hint(session: string, hint: RunHint): void
}

const CACHED_WORKFLOWS = 500
/** Model calls and tool calls wait for others most of the time. */
const ACTIVITY_SLOTS = 200
/**
 * How long workflow code may compute in one go; the SDK takes the option and does not document it. Ours ends by itself,
 * on a busy machine after more than the usual 5 s. To interrupt it is no way out: Node ends its process over a script
 * that is stopped amid promises while async hooks are on.
 */
export const UNINTERRUPTED = { isolateExecutionTimeout: '1 minute' } as const
/** Copies take history, memory and connections to the store; a store that is slow keeps so many of these busy, no more. */
const ARCHIVE_SLOTS = 4

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
export async function createBrainWorker(
  ports: WorkerPorts,
  { taskQueue, activities, reports, bundle, cachedWorkflows = CACHED_WORKFLOWS }: BrainOptions,
): Promise<Worker> {
  return Worker.create({
    ...commonOptions(ports, taskQueue),
    workflowBundle: { codePath: bundle },
    buildId: await nameBuild(bundle),
    activities: { ...activities, ...canary },
    maxCachedWorkflows: cachedWorkflows,
    ...UNINTERRUPTED,
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

/** What is done beside turns, within bounds of its own: the brain's slots stay with the model. */
export function createArchiveWorker(
  ports: WorkerPorts,
  { taskQueue, activities }: { taskQueue: string; activities: ArchiveActivities },
): Promise<Worker> {
  return Worker.create({
    ...commonOptions(ports, taskQueue),
    activities: { ...activities },
    maxConcurrentActivityTaskExecutions: ARCHIVE_SLOTS,
    maxConcurrentActivityTaskPolls: 2,
  })
}

/** As the SDK names it, by a hash of the workflows, but short: every task's events in history hold it. */
async function nameBuild(bundle: string): Promise<string> {
  const hash = createHash('sha256').update(await readFile(bundle))
  return `longhand-${hash.digest('hex').slice(0, 12)}`
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
