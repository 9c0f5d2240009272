import { describe, expect, test } from 'vitest'
import { createFuzzTarget } from '../sdk/fuzz-target.ts'
import { useStack } from '../sdk/use-stack.ts'
import { describeReport, fuzz } from '../support/fuzz.ts'
import { chooseSeed } from '../support/fuzz-random.ts'

const REQUESTS = 100_000
/**
 * What is kept in memory of sessions is bounded, and has to be full before growth counts. A thousand requests begin
 * about six sessions: with the bounds of production, memory would fill up for most of the run.
 */
const KEPT = 20
const WARM = 20
const GROWTH = 128 * 1024

const use = useStack({ keep: KEPT })

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
