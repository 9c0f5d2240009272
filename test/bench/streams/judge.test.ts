import { describe, expect, test } from 'vitest'
import { judge, judgeBeginning } from '../../../bench/streams/judge.ts'

const list = ['a', 'b', 'c', 'd']

describe('what a reader saw', () => {
  test.each([
    { seen: 'abcd', faults: { gaps: 0, doubles: 0, misplaced: 0 } },
    { seen: 'abd', faults: { gaps: 1, doubles: 0, misplaced: 0 } },
    { seen: '', faults: { gaps: 4, doubles: 0, misplaced: 0 } },
    { seen: 'abbcdd', faults: { gaps: 0, doubles: 2, misplaced: 0 } },
    { seen: 'acbd', faults: { gaps: 0, doubles: 0, misplaced: 1 } },
    { seen: 'abcdx', faults: { gaps: 0, doubles: 1, misplaced: 0 } },
    { seen: 'dcc', faults: { gaps: 2, doubles: 1, misplaced: 1 } },
  ])('"$seen" of abcd has $faults', ({ seen, faults }) => {
    expect(judge(seen.split(''), list)).toEqual(faults)
  })
})

describe('what a reader saw of a preview', () => {
  test.each([
    { seen: 'abcd', found: { gaps: 0, doubles: 0, misplaced: 0, shed: 0 } },
    { seen: 'ab', found: { gaps: 0, doubles: 0, misplaced: 0, shed: 2 } },
    { seen: '', found: { gaps: 0, doubles: 0, misplaced: 0, shed: 4 } },
    { seen: 'ac', found: { gaps: 1, doubles: 0, misplaced: 0, shed: 1 } },
    { seen: 'abb', found: { gaps: 0, doubles: 1, misplaced: 0, shed: 2 } },
  ])('"$seen" of abcd has $found', ({ seen, found }) => {
    expect(judgeBeginning(seen.split(''), list)).toEqual(found)
  })
})
