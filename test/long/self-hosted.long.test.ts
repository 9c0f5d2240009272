import { describe, expect, test } from 'vitest'
import { STEPS, serveThroughKills } from '../chaos/self-hosted.ts'
import { useYard } from '../chaos/use-yard.ts'
import { findWorkerNode } from '../sdk/environment-worker.ts'

const SESSIONS = 12
const KILLS = 30

const node = await findWorkerNode()

const yard = useYard({ env: { LONGHAND_WORK_LEASE: '3' } })

describe.skipIf(node === null)('many sessions of a self-hosted environment', () => {
  test('are served by the SDK’s own workers through many deaths: each call has its result, once', async () => {
    const crowd = { node: node ?? '', sessions: SESSIONS, workers: 5, kills: KILLS }
    const { sessions, calls, repeated, kills } = await serveThroughKills(yard(), crowd)
    const killed = `${kills['its worker']} workers of the environment, ${kills.api} api, ${kills.worker} workers`
    console.info(`${calls} calls in ${sessions} sessions; killed: ${killed}; ${repeated} calls run again`)
    expect(calls).toBeGreaterThanOrEqual(SESSIONS * STEPS)
    expect(Object.values(kills).reduce((sum, count) => sum + count, 0)).toBe(KILLS)
  })
})
