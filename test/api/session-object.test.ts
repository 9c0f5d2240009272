import { describe, expect, test } from 'vitest'
import { presentStatus, toSession } from '../../src/api/session-object.ts'
import type { LogView } from '../../src/history/tracked.ts'
import type { Call, LogState } from '../../src/session/state.ts'
import { emptyUsage } from '../../src/session/usage.ts'
import { toSessionAgent } from '../../src/wire/agents.ts'
import { buildAgent } from '../store/builders.ts'
import { ACCOUNTING, emptyState, message } from '../support/session-builders.ts'
import { createFakeApp, storeSession } from './fakes.ts'
import { buildView } from './view-builder.ts'

const agent = toSessionAgent(buildAgent())
const row = storeSession(createFakeApp().world, 'sesn_1', {
  title: 'row',
  metadata: { of: 'row' },
  updatedAt: new Date(5000),
})

function waitingFor(standing: Call['standing'], queue: LogState['queue'] = []): LogState {
  const calls = [{ id: 'c', name: 'bash', input: {}, standing }]
  return emptyState({ queue, calls, stop: { type: 'requires_action', event_ids: ['c'] } })
}

const queue = [{ ...message('m1'), id: 'm1' }]

const SYSTEM = { type: 'system.message' as const, id: 's1', content: [{ type: 'text' as const, text: 'be brief' }] }

const SPENT: Partial<LogState> = {
  stop: { type: 'budget_reached' },
  budget: { type: 'limit', max_list_cost: { amount: '1', currency: 'USD' } },
  accounting: ACCOUNTING,
  usage: { ...emptyUsage(), input_tokens: 1_000_000 },
}

describe('the status that a client sees', () => {
  test.each([
    { name: 'idle', state: emptyState(), status: 'idle' },
    { name: 'running although no worker has taken the message up', state: emptyState({ queue }), status: 'running' },
    {
      name: 'idle on an interrupt alone',
      state: emptyState({ queue: [{ type: 'user.interrupt', id: 'i' }] }),
      status: 'idle',
    },
    {
      name: 'idle while it waits for answers, whatever is queued',
      state: waitingFor('asked', queue),
      status: 'idle',
    },
    {
      name: 'running although no worker has come to the interrupt before the message',
      state: waitingFor('asked', [{ type: 'user.interrupt', id: 'i' }, ...queue]),
      status: 'running',
    },
    {
      name: 'idle while it waits for answers, although no worker has come to the interrupt',
      state: waitingFor('asked', [{ type: 'user.interrupt', id: 'i' }]),
      status: 'idle',
    },
    {
      name: 'running although no worker has taken the last answer up',
      state: waitingFor('confirmed'),
      status: 'running',
    },
    { name: 'idle at its budget, whatever is queued', state: emptyState({ queue, ...SPENT }), status: 'idle' },
    {
      name: 'idle while it holds what its operator says to the model',
      state: emptyState({ queue: [SYSTEM], takesSystem: true }),
      status: 'idle',
    },
    {
      name: 'running where that starts a turn too, although no worker has taken it up',
      state: emptyState({ queue: [SYSTEM] }),
      status: 'running',
    },
    { name: 'rescheduling', state: emptyState({ status: 'rescheduling', queue }), status: 'rescheduling' },
    { name: 'terminated', state: emptyState({ status: 'terminated', queue }), status: 'terminated' },
  ])('is $name', ({ state, status }) => {
    expect(presentStatus(state)).toBe(status)
  })
})

describe('a session object', () => {
  test('shows what changes as the log has it', () => {
    const view = buildView([{ do: 'say', id: 'a', at: 9000 }], {
      title: 'log',
      metadata: { of: 'log' },
      status: 'terminated',
    })
    const session = toSession(row, { agent }, { ...view, startedAt: 1000, archivedAt: 9000 })
    expect(session).toMatchObject({
      id: 'sesn_1',
      agent,
      title: 'log',
      metadata: { of: 'log' },
      status: 'terminated',
      archived_at: '1970-01-01T00:00:09.000Z',
      updated_at: '1970-01-01T00:00:09.000Z',
      stats: { duration_seconds: 8 },
      usage: { input_tokens: 0, active_seconds: 0 },
    })
  })

  const ARCHIVED = { ...row, archivedAt: new Date(7000) }
  const ended = (changes: Partial<LogView>): LogView => ({
    ...buildView([{ do: 'say', id: 'a', at: 9000 }], { status: 'terminated' }),
    ...changes,
  })

  test.each<{ name: string; view: LogView | null; at: number | null }>([
    { name: 'by its log, whatever the row says', view: ended({ archivedAt: 8000 }), at: 8000 },
    { name: 'by its row, when it had ended by itself', view: ended({}), at: 7000 },
    { name: 'no more, when a reset has given that up', view: ended({ state: emptyState() }), at: null },
    { name: 'by its row in lists', view: null, at: 7000 },
  ])('is archived $name', ({ view, at }) => {
    const { archived_at } = toSession(ARCHIVED, { agent }, view)
    expect(archived_at).toBe(at === null ? null : new Date(at).toISOString())
  })

  test('lasts until it was archived, whatever raced with that', () => {
    const view = ended({ startedAt: 1000, archivedAt: 8000 })
    expect(view.changedAt).toBe(9000)
    expect(toSession(row, { agent }, view).stats).toMatchObject({ duration_seconds: 7 })
  })

  test('lasts as long as its log says: of one that has ended the row alone does not know', () => {
    const hour = 3_600_000
    const archived = { ...row, status: 'terminated' as const, archivedAt: new Date(9 * hour) }
    expect(toSession(archived, { agent }, null).stats).toEqual({})
    expect(toSession(archived, { agent }, { ...ended({ startedAt: 0 }), changedAt: hour }).stats).toMatchObject({
      duration_seconds: 3600,
    })
  })

  test('falls back to its row where there is no log', () => {
    expect(toSession(row, { agent }, null)).toMatchObject({
      title: 'row',
      metadata: { of: 'row' },
      status: 'idle',
      archived_at: null,
      updated_at: '1970-01-01T00:00:05.000Z',
      usage: {},
      stats: { duration_seconds: expect.any(Number) },
    })
    const usage = { input_tokens: 3, active_seconds: 1.5 }
    expect(toSession({ ...row, usage }, { agent }, null)).toMatchObject({ usage, stats: { active_seconds: 1.5 } })
    expect(toSession({ ...row, usage, status: 'terminated' }, { agent }, null).stats).toEqual({ active_seconds: 1.5 })
    expect(toSession({ ...row, status: 'creating' }, { agent }, null).status).toBe('idle')
  })
})
