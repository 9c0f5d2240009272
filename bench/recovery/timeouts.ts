import proto from '@temporalio/proto'

type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent
type TimeoutType = proto.temporal.api.enums.v1.TimeoutType
const { TimeoutType } = proto.temporal.api.enums.v1

/** What Temporal gave up waiting for in a history, and out of how much. */
export interface Timeouts {
  readonly activities: number
  /** Attempts that were written off: no beat came, or no result. */
  readonly activityTimeouts: number
  readonly tasks: number
  /** Tasks that a worker took and did not answer. */
  readonly taskTimeouts: number
  /** Tasks that waited for the worker which had the workflow in memory, in vain. */
  readonly stickyTimeouts: number
}

/** Counts in raw history. An activity's earlier attempts are not in it, only their number and what ended the last one. */
export function countTimeouts(events: readonly HistoryEvent[]): Timeouts {
  const count = (isIt: (event: HistoryEvent) => unknown): number => events.filter((event) => isIt(event)).length
  const ended = (type: TimeoutType) => (event: HistoryEvent) =>
    event.workflowTaskTimedOutEventAttributes?.timeoutType === type
  const writtenOff = events.map(({ activityTaskStartedEventAttributes: started }) =>
    started?.lastFailure?.timeoutFailureInfo ? (started.attempt ?? 1) - 1 : 0,
  )
  return {
    activities: count((event) => event.activityTaskScheduledEventAttributes),
    activityTimeouts:
      writtenOff.reduce((sum, attempts) => sum + attempts, 0) +
      count((event) => event.activityTaskTimedOutEventAttributes),
    tasks: count((event) => event.workflowTaskScheduledEventAttributes),
    taskTimeouts: count(ended(TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE)),
    stickyTimeouts: count(ended(TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START)),
  }
}

export function addTimeouts(all: readonly Timeouts[]): Timeouts {
  const sum = (field: keyof Timeouts): number => all.reduce((total, each) => total + each[field], 0)
  return {
    activities: sum('activities'),
    activityTimeouts: sum('activityTimeouts'),
    tasks: sum('tasks'),
    taskTimeouts: sum('taskTimeouts'),
    stickyTimeouts: sum('stickyTimeouts'),
  }
}
