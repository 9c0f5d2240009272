import { describe, expect, test } from 'vitest'
import { toSession } from '../../src/api/session-object.ts'
import { toThread } from '../../src/api/thread-object.ts'
import { toSessionAgent } from '../../src/wire/agents.ts'
import { buildAgent } from '../store/builders.ts'
import { emptyState } from '../support/session-builders.ts'
import { createFakeApp, storeSession } from './fakes.ts'
import { buildView } from './view-builder.ts'

const agent = toSessionAgent(buildAgent())
const row = storeSession(createFakeApp().world, 'sesn_1', { createdAt: new Date(1000) })

function sessionWith(change: Partial<ReturnType<typeof buildView>> = {}) {
  return toSession(row, { agent }, { ...buildView([{ do: 'say', id: 'a', at: 9000 }]), startedAt: 1000, ...change })
}

describe('a primary thread', () => {
  test('is its session under an id of its own, with the agent but without its company', () => {
    const session = sessionWith()
    const { multiagent: _, ...alone } = session.agent
    expect(toThread(session, { hasChanged: true, hasRested: true })).toEqual({
      id: 'sthr_1',
      type: 'session_thread',
      session_id: 'sesn_1',
      parent_thread_id: null,
      workflow_run_id: null,
      agent: alone,
      status: 'idle',
      usage: session.usage,
      stats: session.stats,
      created_at: '1970-01-01T00:00:01.000Z',
      updated_at: '1970-01-01T00:00:09.000Z',
      archived_at: null,
    })
  })

  test.each([
    { hasChanged: false, hasRested: false, figures: { stats: null, usage: null } },
    { hasChanged: true, hasRested: false, figures: { stats: { active_seconds: 0 }, usage: null } },
    { hasChanged: true, hasRested: true, figures: { stats: { active_seconds: 0 }, usage: { input_tokens: 0 } } },
  ])('has figures from when there is something to count: $hasChanged, $hasRested', ({ figures, ...past }) => {
    expect(toThread(sessionWith(), past)).toMatchObject(figures)
  })

  test('ends with its session', () => {
    const session = sessionWith({ archivedAt: 9000, state: emptyState({ status: 'terminated' }) })
    expect(toThread(session, { hasChanged: true, hasRested: false })).toMatchObject({
      status: 'terminated',
      archived_at: '1970-01-01T00:00:09.000Z',
      stats: { duration_seconds: 8 },
    })
  })
})
