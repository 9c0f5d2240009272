import type { ActivityOptions } from '@temporalio/workflow'
import { ActivityCancellationType } from '@temporalio/workflow'
import { ARCHIVE_QUEUE, BRAIN_QUEUE, HANDS_QUEUE, hostQueue } from './messages.ts'

/**
 * Crashes are noticed by the missing beat after 3 s and retried from 200 ms on. `TRY_CANCEL` lets an interrupt move on
 * at once; what still runs is told by its next beat.
 */
const BEATING = {
  startToCloseTimeout: '24 hours',
  heartbeatTimeout: '3 seconds',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '200 milliseconds', maximumAttempts: 6 },
} satisfies ActivityOptions

/** Model calls run on the workflow's own queue, so that they are dispatched eagerly. */
export function modelCallOptions(summary: string): ActivityOptions {
  return { ...BEATING, summary }
}

/**
 * A call goes to the queue that all hands share, or to that of the host that has its sandbox. There it comes back when
 * nobody takes it: a worker of any other host can then say whether that one is lost.
 */
export function handsOptions(brainQueue: string, summary: string, host?: string): ActivityOptions {
  const options = { ...BEATING, summary }
  return host === undefined
    ? { ...options, taskQueue: handsQueue(brainQueue) }
    : { ...options, taskQueue: hostQueue(handsQueue(brainQueue), host), scheduleToStartTimeout: '15 seconds' }
}

export const openSessionOptions: ActivityOptions = {
  startToCloseTimeout: '30 seconds',
  summary: 'store the agent and list the session',
  retry: { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' },
}

/** However long the store is away, the invitation is made when it is back. */
export const queueWorkOptions: ActivityOptions = {
  startToCloseTimeout: '10 seconds',
  summary: 'invite a worker',
  retry: { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' },
}

/** However long the store is away, the copy is made when it is back; on a queue of its own, where no turn waits behind it. */
export function archiveRunOptions(brainQueue: string, run: number): ActivityOptions {
  return {
    taskQueue: archiveQueue(brainQueue),
    startToCloseTimeout: '5 minutes',
    heartbeatTimeout: '10 seconds',
    summary: `archive run ${run}`,
    retry: { initialInterval: '200 milliseconds', maximumInterval: '30 seconds' },
  }
}

export function handsQueue(brainQueue: string): string {
  return queueBeside(brainQueue, HANDS_QUEUE)
}

export function archiveQueue(brainQueue: string): string {
  return queueBeside(brainQueue, ARCHIVE_QUEUE)
}

/** A prefix of the brain's queue, where there is one, is shared. */
function queueBeside(brainQueue: string, name: string): string {
  return brainQueue.endsWith(BRAIN_QUEUE) ? brainQueue.slice(0, -BRAIN_QUEUE.length) + name : name
}
