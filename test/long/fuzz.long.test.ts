import { describe, expect, test } from 'vitest'
import { createFuzzTarget } from '../sdk/fuzz-target.ts'
import { useStack } from '../sdk/use-stack.ts'
import { describeReport, fuzz } from '../support/fuzz.ts'
import { chooseSeed } from '../support/fuzz-random.ts'

const REQUESTS = 100_000
/** What is kept of sessions is bounded, and full long before the first of these counts. */
const WARM = 20
const GROWTH = 256 * 1024

const use = useStack()

describe('the API under very many random requests', () => {
  test('refuses what is wrong as documented, keeps what it took, and gives its memory back', async () => {
    const seed = chooseSeed()
    const target = await createFuzzTarget(use())
    const report = await fuzz(target, { seed, requests: REQUESTS, batch: 1_000, warm: WARM, growth: GROWTH })
    console.log(describeReport(report, seed))
    expect(report.problems).toEqual([])
    expect(report.requests).toBe(REQUESTS)
  })
})
