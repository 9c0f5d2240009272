import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { temporalAddress, uniqueName } from '../support/temporal.ts'
import { buildBundle } from './bundle.ts'
import { SESSIONS, assertLives } from './lives.ts'
import type { Rig } from './rig.ts'
import { startRig } from './rig.ts'

const BATCHES = 10
const LIMIT_MS = 600_000

const rigs: Rig[] = []

beforeAll(async () => {
  const bundle = await buildBundle()
  const start = (cached: number) =>
    startRig({ address: temporalAddress(), bundle, prefix: uniqueName('lives'), cached })
  rigs.push(await start(100), await start(0))
})
afterAll(async () => {
  for (const rig of rigs) await rig[Symbol.asyncDispose]()
})

describe('sessions on a real server under random programs', () => {
  test('keep workflow, history and readers in one mind', { timeout: LIMIT_MS }, async () => {
    const { sessions, histories, events, crowded, late } = await assertLives(rigs, { batches: BATCHES })
    console.info(
      `lives: n = ${sessions} sessions, ${histories} runs, ${events} history events; in one activation: ${crowded.results} times two results, ` +
        `${crowded.interrupted} times a result and a signal; ${late} completions behind their cancel request`,
    )
    expect(sessions).toBe(BATCHES * SESSIONS)
    expect(histories).toBeGreaterThan(sessions)
    expect(Math.min(crowded.results, crowded.interrupted, late)).toBeGreaterThan(0)
  })
})
