import { describe, expect, test } from 'vitest'
import { describeTimes, killApi, killWorker } from './kills.ts'
import { killMidAnswer } from './mid-answer.ts'
import { useYard } from './use-yard.ts'

const ROUNDS = 3
const LIMIT_MS = 180_000

const yard = useYard()

describe('a server whose processes are killed', () => {
  test(
    'loses its worker idle, mid-model and mid-command: nothing is lost, doubled or run twice',
    { timeout: LIMIT_MS },
    async () => {
      const kills = []
      for (let round = 0; round < ROUNDS; round++) kills.push(await killWorker(yard(), { endsAlone: round % 2 === 0 }))
      console.info(
        `worker killed: n = ${kills.length} at each point; from the kill, least / median / most: ` +
          `idle ${describeTimes(kills.map(({ idle }) => idle))}, mid-model ${describeTimes(kills.map(({ model }) => model))}, ` +
          `mid-command ${describeTimes(kills.map(({ command }) => command))}`,
      )
      expect(kills).toHaveLength(ROUNDS)
    },
  )

  test(
    'is told to stop its worker idle, mid-model and mid-command: the next one goes on where that one was',
    { timeout: LIMIT_MS },
    async () => {
      const stops = []
      for (let round = 0; round < ROUNDS; round++) {
        stops.push(await killWorker(yard(), { endsAlone: round % 2 === 0, signal: 'SIGTERM' }))
      }
      console.info(
        `worker stopped: n = ${stops.length} at each point; mid-command ${describeTimes(stops.map(({ command }) => command))}`,
      )
      expect(stops).toHaveLength(ROUNDS)
    },
  )

  test(
    'loses its worker in the middle of an answer: what was shown is a beginning, and every stream folds',
    {
      timeout: LIMIT_MS,
    },
    async () => {
      for (let round = 0; round < ROUNDS; round++) await killMidAnswer(yard())
      console.info(`worker killed mid-answer: n = ${ROUNDS}`)
      expect(yard().model.requests.length).toBeGreaterThanOrEqual(2 * ROUNDS)
    },
  )

  test(
    'loses its api while clients post: every acknowledged message is there, once, in order',
    { timeout: LIMIT_MS },
    async () => {
      const kills = []
      for (let round = 0; round < ROUNDS; round++) kills.push(await killApi(yard(), { afterMs: round * 7 }))
      console.info(
        `api killed: n = ${kills.length}, ${kills.reduce((sum, { acknowledged }) => sum + acknowledged, 0)} messages; ` +
          `next acknowledgement after ${describeTimes(kills.map(({ refusedFor }) => refusedFor))}`,
      )
      expect(kills).toHaveLength(ROUNDS)
    },
  )
})
