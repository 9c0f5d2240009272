import { describe, expect, test } from 'vitest'
import { snapshot } from '../../src/session/snapshot.ts'
import type { LogState } from '../../src/session/state.ts'
import { emptyState, startedWith } from '../support/session-builders.ts'

describe('a snapshot', () => {
  test.each<{ status: string; state: LogState }>([
    { status: 'idle', state: emptyState() },
    { status: 'idle (end_turn)', state: emptyState({ stop: { type: 'end_turn' } }) },
    { status: 'running: model', state: emptyState({ status: 'running', phase: 'model' }) },
    { status: 'running: compacting the context', state: emptyState({ status: 'running', phase: 'compacting' }) },
    {
      status: 'running: bash, bash',
      state: startedWith([
        ['a', 'allow'],
        ['b', 'allow'],
      ]).state,
    },
    { status: 'rescheduling', state: emptyState({ status: 'rescheduling', phase: 'backoff' }) },
    { status: 'terminated', state: emptyState({ status: 'terminated' }) },
  ])('says where the session stands: $status', ({ status, state }) => {
    expect(snapshot(state, 'tester').status).toBe(status)
  })

  test('counts what was read and written, and what waits', () => {
    const state = emptyState({
      title: 'a title',
      queue: [{ id: 'm1', type: 'user.interrupt' }],
      usage: {
        input_tokens: 1,
        output_tokens: 20,
        cache_read_input_tokens: 300,
        cache_creation_input_tokens: 4000,
        active_seconds: 9,
      },
    })
    expect(snapshot(state, 'tester')).toEqual({
      status: 'idle',
      agent: 'tester',
      title: 'a title',
      queued: 1,
      tokens: '4301 in, 20 out',
    })
  })
})
