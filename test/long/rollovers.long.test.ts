import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { surviveRollovers } from '../chaos/rollovers.ts'
import type { Yard } from '../chaos/yard.ts'
import { openYard } from '../chaos/yard.ts'

const RUNS = 110
const LIMIT_MS = 60 * 60_000

let yard: Yard

beforeAll(async () => {
  yard = await openYard({ runEvents: 36 })
}, LIMIT_MS)
afterAll(() => yard[Symbol.asyncDispose]())

describe('a session that goes through very many runs', () => {
  test(
    'while clients write and processes are killed, loses, doubles and reorders nothing',
    { timeout: LIMIT_MS },
    async () => {
      const { runs, messages, events, kills, resumed } = await surviveRollovers(yard, {
        runs: RUNS,
        killEveryMs: 4_000,
      })
      console.info(
        `rollovers: n = ${runs - 1} boundaries, ${messages} messages, ${events} events, ` +
          `${kills.worker} worker and ${kills.api} api kills, stream resumed ${resumed} times: 0 lost, doubled, reordered`,
      )
      expect(runs).toBeGreaterThanOrEqual(RUNS)
      expect(Math.min(kills.worker, kills.api)).toBeGreaterThan(10)
    },
  )
})
