import { describe, expect, test } from 'vitest'
import { afterWords, leastUsage, sizeOf } from '../../src/session/estimate.ts'
import { fold, foldArrival } from '../../src/session/fold.ts'
import type { LogState } from '../../src/session/state.ts'
import {
  ACCOUNTING,
  answerEntries,
  confirm,
  customResult,
  emptyState,
  foldAll,
  toolResult,
} from '../support/session-builders.ts'

describe('the size of a request', () => {
  test('grows by the characters of texts, here and elsewhere, and not by images', () => {
    const blobs = [
      { path: ['content', 2, 'text'], sha256: 'a', length: 4000 },
      { path: ['content', 3, 'source', 'data'], sha256: 'b', length: 9000 },
    ]
    const size = afterWords(sizeOf({}), [{ type: 'text', text: 'eight ch' }, { type: 'image' }], blobs)
    expect(leastUsage(size)).toMatchObject({ input_tokens: 1002, cache_read_input_tokens: 0 })
  })

  test.each<{ name: string; answers: boolean; kind: 'custom' | 'allow'; heard: number }>([
    { name: 'a client’s custom result', answers: true, kind: 'custom', heard: 1008 },
    { name: 'a worker’s result', answers: true, kind: 'allow', heard: 1008 },
    { name: 'neither, in sessions from before that was counted', answers: false, kind: 'allow', heard: 0 },
  ])('grows by $name, whether it stands behind its call or before it', ({ answers, kind, heard }) => {
    const accounting = answers ? { ...ACCOUNTING, answers } : ACCOUNTING
    const asking = emptyState({ selfHosted: true, accounting, status: 'running', phase: 'model', request: 'r1' })
    const asked = answerEntries({ request: 'r1', calls: [['c', kind]], selfHosted: true })
    const said = (kind === 'custom' ? customResult : toolResult)('u1', 'c', 'eight ch')
    const blobs = [{ path: ['content', 1, 'text'], sha256: 'a', length: 1000 }]
    const tell = (state: LogState): LogState => foldArrival(state, { ...said, id: 'u1' }, blobs)
    const behind = tell(foldAll(asking, ...asked))
    const before = foldAll(tell(asking), ...asked)
    expect([behind.calls, behind.size?.heard, before.size?.heard]).toEqual([[], heard, heard])
    expect(leastUsage(sizeOf(before))).toEqual(leastUsage(sizeOf(behind)))
    expect(before).toEqual(behind)
  })

  test('grows by the first of two answers', () => {
    const accounting = { ...ACCOUNTING, answers: true } as const
    const state = emptyState({ accounting, status: 'running', phase: 'model', request: 'r1' })
    const early = ['u1', 'u2'].reduce(
      (sofar, id) => foldArrival(sofar, { ...customResult(id, 'c', 'four'), id }),
      state,
    )
    const asked = foldAll(
      early,
      ...answerEntries({
        request: 'r1',
        calls: [
          ['c', 'custom'],
          ['d', 'custom'],
        ],
      }),
    )
    expect(asked.size?.heard).toBe(4)
    expect(foldArrival(asked, { ...customResult('u3', 'c', 'more'), id: 'u3' }).size?.heard).toBe(4)
    const both = ['u1', 'u4'].map((id, at) => ({ ...customResult(id, at === 0 ? 'c' : 'd', 'four'), id }))
    const twice = foldAll(
      both.reduce((sofar, event) => foldArrival(sofar, event), state),
      ...answerEntries({
        request: 'r1',
        calls: [
          ['c', 'custom'],
          ['d', 'custom'],
        ],
      }),
    )
    expect(twice.size?.heard).toBe(8)
  })

  test('stays when something leaves the queue that the model is not told', () => {
    const queued = emptyState({ accounting: ACCOUNTING, queue: [{ ...confirm('c1', 'a'), id: 'c1' }] })
    const { queue, size } = fold(queued, { type: 'log.mark', id: 'c1' })
    expect({ queue, size }).toEqual({ queue: [], size: undefined })
  })
})
