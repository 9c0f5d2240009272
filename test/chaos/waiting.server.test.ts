import { describe, expect, test } from 'vitest'
import { foldThroughKills } from './folded-answers.ts'
import { runToolsThroughKills } from './tool-runner.ts'
import { waitThroughKills } from './waiting.ts'
import { useYard } from './use-yard.ts'

const LIMIT_MS = 240_000
/** A session's wait is longer than a run of it. */
const RUN_EVENTS = 20
const SESSIONS = 7

const yard = useYard({ runEvents: RUN_EVENTS })

describe('sessions that wait for their clients', () => {
  test(
    'through the deaths of worker and api, run what was allowed, once, and nothing that was not',
    { timeout: LIMIT_MS },
    async () => {
      const { allowed, denied, unanswered, ran } = await waitThroughKills(yard(), SESSIONS, 7)
      console.info(
        `waiting: ${allowed} calls allowed, ${denied} denied, ${unanswered} unanswered; ${ran} ran, once each; 0 without an allow`,
      )
      expect(allowed + denied + unanswered).toBeGreaterThanOrEqual(50)
      expect(Math.min(unanswered, denied, ran)).toBeGreaterThan(5)
    },
  )

  test(
    'are served by the SDK’s own tool runner through runs that end and the deaths of worker and api, each call once',
    { timeout: LIMIT_MS },
    async () => {
      const { custom, allowed, denied, kills, runs } = await runToolsThroughKills(yard())
      console.info(
        `tool runner: ${custom} calls, worker or api killed in each (${kills}), over ${runs} runs; each ran once and was taken; ` +
          `beside them ${allowed} commands allowed, which ran once, and ${denied} denied, which did not`,
      )
      expect(custom).toBe(kills)
      expect(runs).toBeGreaterThan(2)
    },
  )
})

describe('answers that are shown while they come', () => {
  test(
    'are folded by the SDK’s own fold through runs that end and the deaths of worker and api',
    { timeout: LIMIT_MS },
    async () => {
      const { answers, previews, orphans, reopened, runs } = await foldThroughKills(yard(), 3)
      console.info(
        `folded: ${answers} answers, worker killed in each, ${previews} previews (${orphans} of answers that died), ` +
          `stream reopened ${reopened} times, over ${runs} runs: 0 lost, doubled, reordered or folded to anything else`,
      )
      expect(orphans).toBeGreaterThanOrEqual(answers)
      expect(reopened).toBeGreaterThan(1)
      expect(runs).toBeGreaterThan(2)
    },
  )
})
