import assert from 'node:assert/strict'
import { decide } from '../../src/session/decide.ts'
import { isWaiting } from '../../src/session/state.ts'
import type { Loop } from './loop.ts'

/** Demands of a session between two tasks that its workflow, its readers and what is under way agree. */
export function assertSoundState({ state, projection, performing, items }: Loop): void {
  assert.deepEqual(projection.state, state, 'the workflow’s state is the fold of the log')
  assert.deepEqual(JSON.parse(JSON.stringify(state)), state, 'the state is plain JSON')
  // A run that has just begun has its first pass before it.
  const isFresh = items.at(-1)?.type === 'started'
  const wanted = (isFresh ? [] : decide(state)).flatMap((command) => (command.do === 'close' ? [] : [command.key]))
  const ahead = performing.filter((key) => key.startsWith('provision '))
  // A sandbox goes on being made when its session ends, or a call has made one meanwhile.
  const performed = performing.filter((key) => wanted.includes(key) || !ahead.includes(key))
  assert.deepEqual(performed.toSorted(), wanted.toSorted(), 'what is performed is what is wanted')
  const isAtWork = !isFresh && (state.status === 'running' || state.status === 'rescheduling')
  const isHeldUp = ahead.length > 0 && state.provisioning === 'first' && state.phase === 'ready'
  assert.equal(performing.length > ahead.length || isHeldUp, isAtWork, 'only work runs, and what is made ahead of it')
  if (state.status === 'idle' && state.stop?.type === 'requires_action') {
    const waiting = state.calls.filter(isWaiting).map(({ id }) => id)
    assert.deepEqual(state.stop.event_ids, waiting, 'the client is asked for what is left, and for nothing else')
  }
}
