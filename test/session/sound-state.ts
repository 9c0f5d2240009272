import assert from 'node:assert/strict'
import { decide } from '../../src/session/decide.ts'
import { isWaiting } from '../../src/session/state.ts'
import type { Loop } from './loop.ts'

/** Demands of a session between two tasks that its workflow, its readers and what is under way agree. */
export function assertSoundState({ state, projection, performing, items }: Loop): void {
  assert.deepEqual(projection.state, state, 'the workflow’s state is the fold of the log')
  assert.deepEqual(JSON.parse(JSON.stringify(state)), state, 'the state is plain JSON')
  const wanted = decide(state).flatMap((command) => (command.do === 'close' ? [] : [command.key]))
  assert.deepEqual(performing.toSorted(), wanted.toSorted(), 'what is performed is what is wanted')
  // A run that has just begun has its first pass before it.
  const isAtWork = items.at(-1)?.type !== 'started' && (state.status === 'running' || state.status === 'rescheduling')
  assert.equal(performing.length > 0, isAtWork, 'only work runs')
  if (state.status === 'idle' && state.stop?.type === 'requires_action') {
    const waiting = state.calls.filter(isWaiting).map(({ id }) => id)
    assert.deepEqual(state.stop.event_ids, waiting, 'the client is asked for what is left, and for nothing else')
  }
}
