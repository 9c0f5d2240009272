import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/session/entry.ts'
import { QUEUE_BYTES, QUEUE_EVENTS, refuses } from '../../src/session/settle.ts'
import type { LogState } from '../../src/session/state.ts'
import {
  POLICY,
  RESCHEDULED,
  RUNNING,
  TERMINATED,
  arrived,
  closings,
  confirm,
  emptyState,
  idle,
  interrupt,
  message,
  modelFailed,
  outline,
  recorded,
  resultEntry,
  startSession,
  startedWith,
} from '../support/session-builders.ts'

function errorsOf(entries: readonly Entry[]): readonly string[] {
  return entries.flatMap((entry) =>
    entry.type === 'session.error' ? [`${entry.error.type}: ${entry.error.message}`] : [],
  )
}

describe('a failing model', () => {
  test('is asked again after growing pauses, which the log shows', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    const failed = ['span.model_request_end', 'session.error retrying', 'log.retry', ...RESCHEDULED]
    expect(outline(session.pass(modelFailed()))).toEqual(failed)
    expect(session.commands()).toEqual([{ do: 'backOff', key: 'backoff 1', ms: 500 }])
    expect(session.state.status).toBe('rescheduling')
    expect(outline(session.pass({ type: 'elapsed' }))).toEqual([...RUNNING, 'span.model_request_start'])
    expect(outline(session.pass(modelFailed()))).toEqual(failed)
    expect(session.commands()).toEqual([{ do: 'backOff', key: 'backoff 2', ms: 1000 }])
  })

  test('ends the request that failed with an error', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    const [end] = session.pass(modelFailed())
    expect(end).toMatchObject({ is_error: true, model_request_start_id: 'sevt_w3' })
  })

  test('decides the pause itself when it names one', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    session.pass(modelFailed({ retryAfterMs: 60_000 }))
    expect(session.commands()).toMatchObject([{ ms: 60_000 }])
  })

  test('exhausts its tries: what is queued is dropped and the session idles', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    for (let failures = 1; failures < POLICY.tries; failures++) {
      session.pass(modelFailed())
      session.pass({ type: 'elapsed' })
    }
    session.pass(arrived(message('m2')))
    session.pass(arrived(message('m3')))
    const decided = session.pass(modelFailed())
    expect(outline(decided)).toEqual([
      'span.model_request_end',
      'session.error exhausted',
      'log.mark m2 dropped',
      'log.mark m3 dropped',
      ...idle('retries_exhausted'),
    ])
    expect(session.state).toMatchObject({ status: 'idle', queue: [] })
  })

  test('gets all its tries again in the next turn and after each answer', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    session.pass(modelFailed())
    session.pass({ type: 'elapsed' })
    session.answer({ calls: [['c1', 'allow']] })
    session.pass(recorded(resultEntry('c1')))
    session.pass(modelFailed())
    expect(session.state.failures).toBe(1)
    session.pass(arrived(interrupt('i1')))
    session.pass(arrived(message('m2')))
    expect(session.state.failures).toBe(0)
  })

  test('is not asked again when that cannot help', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    const decided = session.pass(modelFailed({ retryable: false, error: 'billing_error', message: 'model: no credit' }))
    expect(outline(decided)).toEqual([
      'span.model_request_end',
      'session.error exhausted',
      ...idle('retries_exhausted'),
    ])
    expect(errorsOf(decided)).toEqual(['billing_error: model: no credit'])
  })

  test('takes up at its next try what arrived during the pause', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    session.pass(modelFailed())
    session.pass(arrived(message('m2')))
    const decided = session.pass({ type: 'elapsed' })
    expect(outline(decided)).toEqual([...RUNNING, 'log.mark m2', 'span.model_request_start'])
  })

  test('fails without a request of its own only in words', () => {
    expect(outline(startSession().pass(modelFailed()))).toEqual(['session.error retrying', 'log.retry', ...RESCHEDULED])
  })

  test('leaves nothing behind when the pause ends after its turn did', () => {
    const session = startSession()
    expect(session.pass({ type: 'elapsed' })).toEqual([])
  })
})

describe('a call that failed without a result', () => {
  test('is closed with the reason, and the model goes on', () => {
    const session = startedWith([['c1', 'allow']])
    const decided = session.pass({ type: 'call_failed', call: 'c1', message: 'hands: gone' })
    expect(outline(decided)).toEqual(['agent.tool_result c1', 'log.abandoned', 'span.model_request_start'])
    expect(closings(decided)).toEqual(['hands: gone'])
    session.answer({ calls: [['c2', 'allow']] })
    expect(session.commands()).toMatchObject([{ do: 'execute', abandoned: ['c1'] }])
  })

  test('is left alone when it has a result already', () => {
    const session = startSession()
    expect(session.pass({ type: 'call_failed', call: 'c1', message: 'hands: gone' })).toEqual([])
  })
})

describe('an arrival', () => {
  test('that repeats an id changes nothing', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    const { state } = session
    expect(session.pass(arrived(message('m1', 'other words')))).toEqual([])
    expect(session.state).toBe(state)
  })

  test('without an id gets one, and its place in history beside it', () => {
    const session = startSession()
    const decided = session.pass(arrived(message(undefined), 4, 2))
    expect(decided[0]).toEqual({ type: 'log.minted', id: 'sevt_w1', signal: 4, index: 2 })
    expect(outline(decided).slice(1)).toEqual([...RUNNING, 'log.mark sevt_w1', 'span.model_request_start'])
  })

  test('without an id comes behind those of its pass that have one, as readers of history see it', () => {
    const session = startedWith([['c1', 'allow']])
    session.pass(arrived(message(undefined), 1, 0), arrived(message('m2')))
    expect(session.state.queue.map(({ id }) => id)).toEqual(['m2', 'sevt_w4'])
  })

  test('that is malformed becomes an error that quotes the reason', () => {
    const decided = startSession().pass({ type: 'malformed', reason: 'events[0] is a list' })
    expect(outline(decided)).toEqual(['session.error exhausted'])
    expect(errorsOf(decided)).toEqual(['unknown_error: client: events[0] is a list'])
  })

  test.each([
    { name: 'too many events', count: QUEUE_EVENTS, size: 10 },
    { name: 'too many bytes', count: 2, size: QUEUE_BYTES / 2 },
  ])('beyond the queue’s limits is dropped and told: $name', ({ count, size }) => {
    for (const session of [startedWith([['c1', 'allow']]), startedWith([['a', 'ask']])]) {
      const fitting = size < QUEUE_EVENTS ? count : 1
      for (let index = 0; index < fitting; index++) session.pass(arrived(message(`q${index}`, 'x'.repeat(size))))
      expect(session.state.queue).toHaveLength(fitting)
      const decided = session.pass(arrived(message('last', 'x'.repeat(size))))
      expect(outline(decided)).toEqual(['session.error exhausted', 'log.mark last dropped'])
      expect(errorsOf(decided)[0]).toMatch(/queue is full/)
      expect(session.state.queue).toHaveLength(fitting)
    }
  })

  test('beyond the queue’s limits is told once for all that come together', () => {
    const session = startedWith([['c1', 'allow']])
    const many = Array.from({ length: QUEUE_EVENTS + 3 }, (_, index) => arrived(message(`q${index}`)))
    const unnamed = Array.from({ length: 2 }, () => arrived(message(undefined)))
    const decided = session.pass(...many, ...unnamed)
    expect(decided.filter(({ type }) => type === 'session.error')).toHaveLength(1)
    expect(decided.filter((entry) => entry.type === 'log.mark' && entry.dropped)).toHaveLength(5)
  })

  test('that is an answer or an interrupt is never too much', () => {
    const session = startedWith([['a', 'ask']])
    for (let index = 0; index < QUEUE_EVENTS; index++) session.pass(arrived(message(`q${index}`)))
    expect(outline(session.pass(arrived(confirm('y', 'a'))))).toEqual(RUNNING)
    expect(outline(session.pass(arrived(interrupt('i1')))).slice(0, 2)).toEqual(['log.mark i1', 'agent.tool_result a'])
  })

  test('at the end of a session is processed without effect', () => {
    const session = startSession()
    session.pass({ type: 'archived' })
    const late = [message('m1'), interrupt('i1'), confirm('y', 'a')].map((event) => arrived(event))
    expect(outline(session.pass(...late, { type: 'malformed', reason: 'no' }))).toEqual([
      'log.mark m1 dropped',
      'log.mark i1 dropped',
    ])
    expect(session.state.queue).toEqual([])
  })
})

describe('a change of a session', () => {
  test.each<{
    name: string
    change: { title?: string | null; metadata?: Record<string, string | null> }
    updated: object | null
  }>([
    { name: 'a title', change: { title: 'new' }, updated: { title: 'new' } },
    { name: 'a title taken away', change: { title: null }, updated: { title: null } },
    { name: 'metadata', change: { metadata: { a: '2' } }, updated: { metadata: { a: '2' } } },
    { name: 'metadata with another key', change: { metadata: { b: '1' } }, updated: { metadata: { a: '1', b: '1' } } },
    { name: 'less metadata', change: { metadata: { a: null, b: null } }, updated: { metadata: {} } },
    { name: 'an empty patch', change: { metadata: {} }, updated: null },
    { name: 'nothing', change: { title: 'old', metadata: { a: '1' } }, updated: null },
    { name: 'nothing named', change: {}, updated: null },
  ])('is told by what it changes: $name', ({ change, updated }) => {
    const session = startSession({}, emptyState({ title: 'old', metadata: { a: '1' } }))
    const decided = session.pass({ type: 'configured', ...change })
    expect(decided).toEqual(updated ? [{ type: 'session.updated', id: 'sevt_w1', ...updated }] : [])
    expect(session.state).toMatchObject({ title: 'old', metadata: { a: '1' }, ...updated })
  })

  test('keeps what another change at the same moment set', () => {
    const session = startSession()
    session.pass({ type: 'configured', metadata: { a: '1' } }, { type: 'configured', metadata: { b: '2' } })
    expect(session.state.metadata).toEqual({ a: '1', b: '2' })
  })

  test('is refused when more pairs would remain than a session may have', () => {
    const full = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`k${index}`, 'v']))
    const state = emptyState({ metadata: full })
    expect(refuses(state, { type: 'configured', metadata: { more: 'v' } })?.reason).toMatch(/at most 16 pairs, got 17/)
    expect(refuses(state, { type: 'configured', metadata: { more: 'v', k0: null } })).toBeNull()
  })
})

describe('a change of the agent', () => {
  const next = { type: 'configured', configuration: { id: 'cfg_2', base: 'cfg_1' } } as const
  const noLonger = /only while it is idle/

  test.each<[string, Partial<LogState>, RegExp]>([
    ['idle', {}, /^done$/],
    ['waiting for its client', { stop: { type: 'requires_action', event_ids: ['a'] } }, /^done$/],
    ['running', { status: 'running' }, noLonger],
    ['backing off', { status: 'rescheduling' }, noLonger],
    ['terminated', { status: 'terminated' }, /terminated/],
    ['of another configuration by now', { configuration: 'cfg_3' }, /changed meanwhile/],
    ['what was asked for, running on', { configuration: 'cfg_2', status: 'running' }, /^done$/],
  ])('of a session that is %s', (_, state, expected) => {
    expect(refuses(emptyState(state), next)?.reason ?? 'done').toMatch(expected)
  })

  test('that was outrun is told by a code', () => {
    expect(refuses(emptyState({ configuration: 'cfg_3' }), next)?.code).toBe('configuration_changed')
    expect(refuses(emptyState({ status: 'running' }), next)?.code).toBeUndefined()
  })

  test('refuses what comes with it, and the other way round', () => {
    const cap = { type: 'limit', max_list_cost: { amount: '5', currency: 'USD' } } as const
    expect(refuses(emptyState({ status: 'running' }), { ...next, title: 'new' })?.reason).toMatch(noLonger)
    expect(refuses(emptyState(), { ...next, budget: cap })?.code).toBe('budget_create_only')
  })

  test('is told by the configuration, once', () => {
    const session = startSession()
    expect(session.pass({ ...next, title: 'new' })).toEqual([
      { type: 'session.updated', id: 'sevt_w1', title: 'new', configuration: 'cfg_2' },
    ])
    expect(session.pass(next)).toEqual([])
    expect(session.state).toMatchObject({ configuration: 'cfg_2', title: 'new' })
  })
})

describe('an archived session', () => {
  test('is terminated', () => {
    const session = startSession()
    expect(outline(session.pass({ type: 'archived' }))).toEqual(['log.archived', ...TERMINATED])
    expect(session.state).toMatchObject({ status: 'terminated', archived: true })
    expect(session.commands()).toEqual([{ do: 'close', key: 'close' }])
  })

  test('is archived once', () => {
    const session = startSession()
    expect(outline(session.pass({ type: 'archived' }, { type: 'archived' }))).toEqual(['log.archived', ...TERMINATED])
    expect(session.pass({ type: 'archived' })).toEqual([])
  })

  test('drops what waited for answers', () => {
    const session = startedWith([['a', 'ask']])
    session.pass(arrived(message('m2')))
    expect(outline(session.pass({ type: 'archived' }))).toEqual(['log.mark m2 dropped', 'log.archived', ...TERMINATED])
    expect(session.state).toMatchObject({ calls: [], queue: [] })
  })

  test('that had failed before is only marked', () => {
    const session = startSession({}, emptyState({ status: 'terminated' }))
    expect(outline(session.pass({ type: 'archived' }))).toEqual(['log.archived'])
  })
})

describe('a session that cannot be opened', () => {
  test('says why and is terminated', () => {
    const decided = startSession().pass({ type: 'failed', message: 'client: no such model' }, arrived(message('m1')))
    expect(outline(decided)).toEqual(['session.error terminal', ...TERMINATED, 'log.mark m1 dropped'])
    expect(errorsOf(decided)).toEqual(['unknown_error: client: no such model'])
  })
})

describe('an update', () => {
  test.each([
    { status: 'running', archive: true, configure: false },
    { status: 'rescheduling', archive: true, configure: false },
    { status: 'idle', archive: false, configure: false },
    { status: 'terminated', archive: false, configure: true },
  ] as const)('of a $status session is refused where it must be', ({ status, archive, configure }) => {
    const state = emptyState({ status })
    expect(refuses(state, { type: 'archived' })?.reason ?? 'done').toMatch(archive ? status : /^done$/)
    expect(refuses(state, { type: 'configured' })?.reason ?? 'done').toMatch(configure ? status : /^done$/)
    expect(refuses(state, { type: 'elapsed' })).toBeNull()
  })
})
