import { describe, expect, test } from 'vitest'
import { surviveOutage } from './outage.ts'
import { surviveRollovers } from './rollovers.ts'
import { useYard } from './use-yard.ts'

const LIMIT_MS = 900_000
/** About three turns. */
const RUN_EVENTS = 36

const yard = useYard({ runEvents: RUN_EVENTS })

describe('a session that goes through many runs', () => {
  test(
    'while clients write and processes are killed, loses, doubles and reorders nothing',
    { timeout: LIMIT_MS },
    async () => {
      const { runs, messages, events, kills, resumed, summaries } = await surviveRollovers(yard(), {
        runs: 7,
        killEveryMs: 3_000,
      })
      console.info(
        `rollovers: n = ${runs - 1} boundaries, ${messages} messages, ${events} events, ` +
          `${kills.worker} worker and ${kills.api} api kills, stream resumed ${resumed} times, ${summaries} summaries: 0 lost, doubled, reordered`,
      )
      expect(runs).toBeGreaterThanOrEqual(7)
      expect(Math.min(kills.worker, kills.api)).toBeGreaterThan(0)
    },
  )

  test('while the database is away, is whole in the archive afterwards', { timeout: LIMIT_MS }, async () => {
    const { runs, ended } = await surviveOutage(yard(), 12)
    console.info(`database away: ${ended} of ${runs - 1} runs had ended when it came back, all are in the archive`)
    expect(ended).toBeGreaterThan(2)
  })
})
