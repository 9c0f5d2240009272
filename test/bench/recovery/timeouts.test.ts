import proto from '@temporalio/proto'
import { describe, expect, test } from 'vitest'
import { addTimeouts, countTimeouts } from '../../../bench/recovery/timeouts.ts'

const { TimeoutType } = proto.temporal.api.enums.v1

const scheduled = { activityTaskScheduledEventAttributes: {} }
const task = { workflowTaskScheduledEventAttributes: {} }
const none = { activities: 0, activityTimeouts: 0, tasks: 0, taskTimeouts: 0, stickyTimeouts: 0 }

function toTaskTimeout(timeoutType: proto.temporal.api.enums.v1.TimeoutType) {
  return { workflowTaskTimedOutEventAttributes: { timeoutType } }
}

describe('time-outs in a history', () => {
  test('are none in one without', () => {
    const started = { activityTaskStartedEventAttributes: { attempt: 1 } }
    expect(countTimeouts([task, scheduled, started])).toEqual({ ...none, activities: 1, tasks: 1 })
  })

  test('of a worker that took a task are told from those of a worker that was waited for', () => {
    const events = [
      task,
      toTaskTimeout(TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE),
      task,
      toTaskTimeout(TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START),
      task,
      toTaskTimeout(TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START),
    ]
    expect(countTimeouts(events)).toEqual({ ...none, tasks: 3, taskTimeouts: 1, stickyTimeouts: 2 })
  })

  test('of a call are its attempts that were written off, and its end when it ended so', () => {
    const lastFailure = { timeoutFailureInfo: {} }
    const events = [
      scheduled,
      { activityTaskStartedEventAttributes: { attempt: 3, lastFailure } },
      scheduled,
      { activityTaskTimedOutEventAttributes: {} },
    ]
    expect(countTimeouts(events)).toEqual({ ...none, activities: 2, activityTimeouts: 3 })
  })

  test('leave out attempts that failed by themselves', () => {
    const events = [scheduled, { activityTaskStartedEventAttributes: { attempt: 2, lastFailure: { message: 'no' } } }]
    expect(countTimeouts(events).activityTimeouts).toBe(0)
  })

  test('add up', () => {
    const one = { activities: 1, activityTimeouts: 2, tasks: 3, taskTimeouts: 4, stickyTimeouts: 5 }
    const two = { activities: 2, activityTimeouts: 4, tasks: 6, taskTimeouts: 8, stickyTimeouts: 10 }
    expect(addTimeouts([one, one])).toEqual(two)
    expect(addTimeouts([])).toEqual(none)
  })
})
