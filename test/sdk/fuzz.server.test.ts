import { describe, expect, test } from 'vitest'
import { describeReport, fuzz } from '../support/fuzz.ts'
import { chooseSeed } from '../support/fuzz-random.ts'
import { createFuzzTarget } from './fuzz-target.ts'
import { useStack } from './use-stack.ts'

const REQUESTS = 10_000

const use = useStack()

describe('the API under random requests', () => {
  test('refuses what is wrong as documented, keeps what it took, and nothing else', { timeout: 600_000 }, async () => {
    const seed = chooseSeed()
    const report = await fuzz(await createFuzzTarget(use()), { seed, requests: REQUESTS })
    console.log(describeReport(report, seed))
    expect(report.problems).toEqual([])
    expect(report.requests).toBe(REQUESTS)
  })
})
