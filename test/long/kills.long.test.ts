import { describe, expect, test } from 'vitest'
import { describeTimes, killApi, killWorker } from '../chaos/kills.ts'
import { useYard } from '../chaos/use-yard.ts'

const ROUNDS = 25

const yard = useYard()

/** A line of the table in docs/chaos.md. */
function tell(point: string, times: readonly number[]): void {
  console.info(`| ${point} | ${times.length} | 0 | 0 | ${describeTimes(times)} |`)
}

describe('a server whose processes are killed many times', () => {
  test('loses its worker: nothing is lost, doubled or run twice', async () => {
    const kills = []
    for (let round = 0; round < ROUNDS; round++) kills.push(await killWorker(yard(), { endsAlone: round % 2 === 0 }))
    tell(
      'worker, session idle',
      kills.map(({ idle }) => idle),
    )
    tell(
      'worker, model call open',
      kills.map(({ model }) => model),
    )
    tell(
      'worker, command running',
      kills.map(({ command }) => command),
    )
    expect(kills).toHaveLength(ROUNDS)
  })

  test('loses its api while clients post: every acknowledged message is there, once, in order', async () => {
    const kills = []
    for (let round = 0; round < ROUNDS; round++) kills.push(await killApi(yard(), { afterMs: (round * 7) % 60 }))
    tell(
      'api, clients posting',
      kills.map(({ refusedFor }) => refusedFor),
    )
    console.info(`${kills.reduce((sum, { acknowledged }) => sum + acknowledged, 0)} messages acknowledged`)
    expect(kills).toHaveLength(ROUNDS)
  })
})
