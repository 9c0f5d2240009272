import { describe, expect, test } from 'vitest'
import { surviveOutage } from '../chaos/outage.ts'
import { surviveRollovers } from '../chaos/rollovers.ts'
import { useYard } from '../chaos/use-yard.ts'

const RUNS = 110
const LIMIT_MS = 60 * 60_000

const yard = useYard({ runEvents: 36 })

const TURNS_WITHOUT = 200

describe('a session that goes through very many runs', () => {
  test(
    'while clients write and processes are killed, loses, doubles and reorders nothing',
    { timeout: LIMIT_MS },
    async () => {
      const { runs, messages, events, kills, resumed, summaries } = await surviveRollovers(yard(), {
        runs: RUNS,
        killEveryMs: 4_000,
      })
      console.info(
        `rollovers: n = ${runs - 1} boundaries, ${messages} messages, ${events} events, ` +
          `${kills.worker} worker and ${kills.api} api kills, stream resumed ${resumed} times, ${summaries} summaries: 0 lost, doubled, reordered`,
      )
      expect(runs).toBeGreaterThanOrEqual(RUNS)
      expect(Math.min(kills.worker, kills.api)).toBeGreaterThan(10)
    },
  )

  test(
    'while the database is away for minutes, is whole in the archive afterwards',
    { timeout: LIMIT_MS },
    async () => {
      const since = Date.now()
      const { runs, ended } = await surviveOutage(yard(), TURNS_WITHOUT)
      console.info(
        `database away: ${ended} of ${runs - 1} runs had ended when it came back, all are in the archive; ` +
          `${Math.round((Date.now() - since) / 1000)} s in all`,
      )
      expect(ended).toBeGreaterThan(30)
    },
  )
})
