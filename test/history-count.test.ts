import { describe, expect, test } from 'vitest'
import type { RawHistory } from '../src/history-count.ts'
import { countHistory, countMentions, findCall, findReplayed, toAttempt } from '../src/history-count.ts'

type RawEvent = NonNullable<RawHistory['events']>[number]

function payload(value: unknown): { data: Uint8Array } {
  return { data: Buffer.from(JSON.stringify(value)) }
}

function decided(...entries: readonly object[]): RawEvent {
  return { workflowPropertiesModifiedEventAttributes: { upsertedMemo: { fields: { log: payload(entries) } } } }
}

function sent(...events: readonly object[]): RawEvent {
  return { workflowExecutionSignaledEventAttributes: { input: { payloads: [payload({ events })] } } }
}

function scheduled(eventId: number, name: string, input: object = {}): RawEvent {
  const attributes = {
    activityId: `activity-${eventId}`,
    activityType: { name },
    input: { payloads: [payload(input)] },
  }
  return { eventId, activityTaskScheduledEventAttributes: attributes }
}

function started(scheduledEventId: number, attempt: number): RawEvent {
  return {
    eventTime: { seconds: 1, nanos: 500_000_000 },
    activityTaskStartedEventAttributes: { scheduledEventId, attempt, identity: `worker ${attempt}@host` },
  }
}

function completed(scheduledEventId: number, ...entries: readonly object[]): RawEvent {
  return { activityTaskCompletedEventAttributes: { scheduledEventId, result: { payloads: [payload({ entries })] } } }
}

function taken(eventId: number, identity: string): RawEvent {
  return { eventId, workflowTaskStartedEventAttributes: { identity } }
}

const running = { type: 'session.status_running', id: 'running' }
const said = { type: 'agent.message', id: 'said' }

describe('a count of history', () => {
  test('lists what was decided and what came of activities, in the order of history', () => {
    const events = [decided(running), scheduled(2, 'callModel'), started(2, 1), completed(2, said)]
    expect(countHistory({ events }).events).toEqual(['running', 'said'])
  })

  test('takes a mark for the input that it names, and leaves other private entries out', () => {
    const mark = { type: 'log.mark', id: 'message' }
    expect(countHistory({ events: [decided(mark, { type: 'log.retry', id: 'private' })] }).events).toEqual(['message'])
  })

  test('takes an answer to a call as it was sent, and leaves what was sent else to its mark', () => {
    const events = [
      sent({ type: 'user.message', id: 'message' }, { type: 'user.tool_confirmation', id: 'allowed' }),
      sent({ type: 'user.custom_tool_result', id: 'given' }, { type: 'user.tool_result', id: 'returned' }),
      decided({ type: 'log.mark', id: 'message' }),
    ]
    expect(countHistory({ events }).events).toEqual(['allowed', 'given', 'returned', 'message'])
  })

  test('keeps doubles', () => {
    expect(countHistory({ events: [decided(running), decided(running)] }).events).toEqual(['running', 'running'])
  })

  test('tells model calls from those that were made more than once', () => {
    const { modelCalls, repeatedModelCalls } = countHistory({
      events: [
        scheduled(1, 'callModel'),
        started(1, 1),
        completed(1),
        scheduled(2, 'callModel'),
        started(2, 3),
        completed(2),
        scheduled(3, 'execute'),
        started(3, 2),
        completed(3),
        scheduled(4, 'callModel'),
      ],
    })
    expect([modelCalls, repeatedModelCalls]).toEqual([2, 1])
  })

  test('knows the attempt that settled each tool call', () => {
    const { attempts } = countHistory({
      events: [
        scheduled(1, 'execute', { call: { id: 'a' } }),
        started(1, 1),
        completed(1),
        scheduled(2, 'execute', { call: { id: 'b' } }),
        started(2, 2),
        completed(2),
        scheduled(3, 'execute', { call: { id: 'c' } }),
      ],
    })
    expect([...attempts]).toEqual([
      ['a', 1],
      ['b', 2],
    ])
  })

  test.each([{}, { events: null }, { events: [] }])('of nothing is nothing: %j', (history) => {
    expect(countHistory(history)).toEqual({ events: [], modelCalls: 0, repeatedModelCalls: 0, attempts: new Map() })
  })
})

describe('a call in history', () => {
  const call = scheduled(7, 'execute', { call: { id: 'ship' } })

  test('is not there before it is scheduled', () => {
    expect(findCall({ events: [scheduled(1, 'callModel', { session: 's' })] }, 'ship')).toBeNull()
  })

  test('has an activity while it runs, and its last attempt when it has ended', () => {
    expect(findCall({ events: [call, started(6, 1)] }, 'ship')).toEqual({ activityId: 'activity-7', ended: null })
    expect(findCall({ events: [call, started(7, 2)] }, 'ship')).toEqual({
      activityId: 'activity-7',
      ended: { attempt: 2, identity: 'worker 2@host', startedAt: 1500 },
    })
  })

  test('has a first attempt when the server names none', () => {
    expect(toAttempt({})).toEqual({ attempt: 1, identity: '', startedAt: 0 })
  })
})

describe('what a worker replayed', () => {
  const events = [taken(3, 'worker 1@host'), taken(7, 'worker 1@host'), taken(12, 'worker 2@host')]

  test('is all that came before its first task', () => {
    expect(findReplayed({ events }, 'worker 2@')).toBe(11)
    expect(findReplayed({ events }, 'worker 1@')).toBe(2)
  })

  test('is unknown before it has taken a task', () => {
    expect(findReplayed({ events }, 'worker 3@')).toBeNull()
  })
})

describe('mentions', () => {
  const events = [sent({ id: 'ghp_secret' }), decided({ type: 'agent.message' }), taken(3, 'worker 1@ghp_secret')]

  test('are found in payloads and in fields, an event counting once', () => {
    expect(countMentions({ events }, 'ghp_secret')).toBe(2)
    expect(countMentions({ events }, 'agent.message')).toBe(1)
    expect(countMentions({ events }, 'ghp_other')).toBe(0)
  })

  test('of nothing are none', () => {
    expect(countMentions({}, 'a')).toBe(0)
  })
})
