import { describe, expect, test } from 'vitest'
import { readRetryAfter, toModelFailure } from '../../src/model/failures.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z')
const context = { host: 'models.example', secret: '', now: () => NOW }

describe('retry-after', () => {
  test.each<[Record<string, string>, number | undefined]>([
    [{}, undefined],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': ' 7 ' }, 7000],
    [{ 'retry-after': '1.5' }, 1500],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Wed, 31 Dec 2025 23:59:00 GMT' }, undefined],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-1' }, undefined],
    [{ 'retry-after': 'NaN' }, undefined],
    [{ 'retry-after': '999999999' }, 3_600_000],
    [{ 'retry-after-ms': '120' }, 120],
    [{ 'retry-after-ms': '0.4' }, 1],
    [{ 'retry-after-ms': 'x', 'retry-after': '2' }, 2000],
    [{ 'retry-after-ms': '5', 'retry-after': '2' }, 5],
  ])('%j is %s ms', (headers, expected) => {
    expect(readRetryAfter(new Headers(headers), NOW)).toBe(expected)
  })
})

describe('a failure of the network', () => {
  test('in the middle of a body is told as one, with the innermost reason', () => {
    const error = new TypeError('terminated', { cause: new Error('other side closed') })
    expect(toModelFailure(error, context)).toMatchObject({
      kind: 'unreachable',
      retryable: true,
      message: 'network: the connection to models.example broke off (other side closed)',
      cause: error,
    })
  })

  test.each([new TypeError('x is not a function'), new RangeError('too long'), 'a string'])(
    'is not what a mistake is: %s',
    (mistake) => {
      expect(toModelFailure(mistake, context)).toBeUndefined()
    },
  )
})
