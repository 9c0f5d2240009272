import { describe, expect, test } from 'vitest'
import { failure } from '../../src/activities/failures.ts'

describe('failure', () => {
  test.each([
    ['not_ready', false],
    ['hands_unavailable', false],
    ['deleted', true],
    ['history_gone', true],
    ['refused', true],
  ] as const)('%s says whether trying again may help', (type, nonRetryable) => {
    const cause = new Error('why')
    expect(failure(type, 'what', cause)).toMatchObject({ type, message: 'what', nonRetryable, cause })
    expect(failure(type, 'what', 'no error').cause).toBeUndefined()
  })
})
