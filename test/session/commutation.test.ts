import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LogState } from '../../src/session/state.ts'
import type { Asked } from '../support/session-builders.ts'
import {
  answerEntries,
  arrive,
  confirm,
  customResult,
  emptyState,
  foldAll,
  resultEntry,
  toolResult,
} from '../support/session-builders.ts'

const LIMIT_MS = 120_000

describe('client answers', () => {
  const CALLS: readonly Asked[] = [
    ['c', 'allow'],
    ['a', 'ask'],
    ['k', 'ask'],
    ['x', 'custom'],
    ['d', 'deny'],
  ]
  const names = fc.constantFrom('c', 'a', 'k', 'x', 'd', 'late', 'later', 'nowhere')
  const answers = fc.array(
    fc.record({
      call: names,
      how: fc.constantFrom<keyof typeof EVENTS>('allow', 'deny', 'settle', 'return'),
      again: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  )
  const results = fc.subarray(
    [
      [resultEntry('c')],
      [resultEntry('k')],
      answerEntries({ request: 'r1', calls: [['late', 'ask']] }),
      answerEntries({ request: 'r1', calls: [['later', 'custom']] }),
    ],
    { minLength: 1 },
  )

  const EVENTS = {
    allow: confirm,
    deny: (id: string, call: string) => confirm(id, call, 'deny'),
    settle: customResult,
    return: toolResult,
  }

  /** One order of two sequences, each of which keeps its own. */
  function merge<T>(first: readonly T[], second: readonly T[], picks: readonly boolean[]): readonly T[] {
    const left = [...first]
    const right = [...second]
    return [...picks, ...first.map(() => true), ...second.map(() => false)].flatMap((pick) =>
      (pick ? left : right).splice(0, 1),
    )
  }

  test.each<{ where: string; more: Partial<LogState> }>([
    { where: 'our sandboxes', more: {} },
    { where: 'machines of the user’s', more: { selfHosted: true } },
  ])('commute with the results around them where calls run in $where', { timeout: LIMIT_MS }, ({ where, more }) => {
    const runs = 2000
    const asked = emptyState({ status: 'running', phase: 'model', request: 'r0', abandoned: ['p'], ...more })
    const begin = arrive(foldAll(asked, ...answerEntries({ request: 'r0', calls: CALLS })), confirm('y', 'k'))
    fc.assert(
      fc.property(answers, results, fc.array(fc.boolean()), (given, recorded, picks) => {
        const arriving = given.map(({ call, how, again }, index) => {
          const id = again ? 'same' : `u${index}`
          return (state: LogState) => arrive(state, EVENTS[how](id, call))
        })
        const resulting = recorded.map((entries) => (state: LogState) => foldAll(state, ...entries))
        const play = (steps: readonly ((state: LogState) => LogState)[]): LogState =>
          steps.reduce((state, step) => step(state), begin)
        expect(play(merge(arriving, resulting, picks))).toEqual(play([...resulting, ...arriving]))
      }),
      { numRuns: runs },
    )
    console.info(`commutation: n = ${runs} orders of answers and results, with ${where}`)
  })
})
