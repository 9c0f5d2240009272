import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addUsage, emptyUsage, noModelUsage } from '../../src/session/usage.ts'

const request = fc.record({
  input_tokens: fc.nat(),
  output_tokens: fc.nat(),
  cache_read_input_tokens: fc.nat(),
  cache_creation_input_tokens: fc.nat(),
})

describe('usage', () => {
  test('is the sum of its requests, kind by kind', () => {
    fc.assert(
      fc.property(fc.array(request), (requests) => {
        const total = requests.reduce(addUsage, emptyUsage())
        for (const kind of [
          'input_tokens',
          'output_tokens',
          'cache_read_input_tokens',
          'cache_creation_input_tokens',
        ] as const) {
          expect(total[kind]).toBe(requests.reduce((sum, one) => sum + one[kind], 0))
        }
      }),
    )
  })

  test('leaves the running time alone and is not changed by nothing', () => {
    const total = { ...emptyUsage(), input_tokens: 5, active_seconds: 3 }
    expect(addUsage(total, noModelUsage())).toEqual(total)
  })
})
