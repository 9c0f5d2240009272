import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { STEPS, serveThroughKills } from '../chaos/self-hosted.ts'
import type { Yard } from '../chaos/yard.ts'
import { openYard } from '../chaos/yard.ts'
import { findWorkerNode } from '../sdk/environment-worker.ts'

const SESSIONS = 20
const KILLS = 60

const node = await findWorkerNode()

let yard: Yard

beforeAll(async () => {
  yard = await openYard({ env: { LONGHAND_WORK_LEASE: '3' } })
}, 120_000)
afterAll(() => yard[Symbol.asyncDispose]())

describe.skipIf(node === null)('many sessions of a self-hosted environment', () => {
  test('are served by the SDK’s own workers through many deaths: each call has its result, once', async () => {
    const crowd = { node: node ?? '', sessions: SESSIONS, workers: 5, kills: KILLS }
    const { calls, repeated, kills } = await serveThroughKills(yard, crowd)
    const killed = `${kills['its worker']} workers of the environment, ${kills.api} api, ${kills.worker} workers`
    console.info(`${calls} calls in ${SESSIONS} sessions; killed: ${killed}; ${repeated} calls run again`)
    expect(calls).toBe(SESSIONS * STEPS)
  })
})
