import { describe, expect, test } from 'vitest'
import { findWorkerNode } from '../sdk/environment-worker.ts'
import { STEPS, serveThroughKills } from './self-hosted.ts'
import { useYard } from './use-yard.ts'

const LIMIT_MS = 240_000
const SESSIONS = 4
const KILLS = 8

const node = await findWorkerNode()

describe.skipIf(node === null)('sessions of a self-hosted environment', () => {
  const yard = useYard({ env: { LONGHAND_WORK_LEASE: '3' } })

  test(
    'are served by the SDK’s own workers through the deaths of those, of api and worker: each call has its result, once',
    { timeout: LIMIT_MS },
    async () => {
      const crowd = { node: node ?? '', sessions: SESSIONS, workers: 3, kills: KILLS }
      const { sessions, calls, repeated, kills } = await serveThroughKills(yard(), crowd)
      console.info(
        `self-hosted: ${calls} calls in ${sessions} sessions, killed in calls: ${kills['its worker']} workers of the ` +
          `environment, ${kills.api} api, ${kills.worker} workers; ${repeated} calls run again; 0 lost, 0 with two results`,
      )
      expect(calls).toBeGreaterThanOrEqual(SESSIONS * STEPS)
      expect(Object.values(kills).reduce((sum, count) => sum + count, 0)).toBe(KILLS)
    },
  )
})
