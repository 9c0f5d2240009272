import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { temporalAddress, uniqueName } from '../support/temporal.ts'
import type { Bundle } from '../workflows/bundle.ts'
import { buildBundle } from '../workflows/bundle.ts'
import { SESSIONS, assertLives } from '../workflows/lives.ts'
import { mistakes } from '../workflows/mistakes.ts'
import type { Rig } from '../workflows/rig.ts'
import { startRig } from '../workflows/rig.ts'

const BATCHES = 60
/** Batches within which a mistake has to show. */
const MISTAKEN = 15

let bundle: Bundle
const rigs: Rig[] = []

const start = (code: Bundle, cached: number): Promise<Rig> =>
  startRig({ address: temporalAddress(), bundle: code, prefix: uniqueName('lives'), cached })

beforeAll(async () => {
  bundle = await buildBundle()
  rigs.push(await start(bundle, 100), await start(bundle, 0))
})
afterAll(async () => {
  for (const rig of rigs) await rig[Symbol.asyncDispose]()
})

describe('sessions on a real server under many random programs', () => {
  test('keep workflow, history and readers in one mind', async () => {
    const { sessions, events, crowded, late } = await assertLives(rigs, { batches: BATCHES, shrink: true })
    console.info(
      `lives: n = ${sessions} sessions, ${events} history events; in one activation: ${crowded.results} times two results, ` +
        `${crowded.interrupted} times a result and a signal; ${late} completions behind their cancel request`,
    )
    expect(sessions).toBe(BATCHES * SESSIONS)
  })

  test.each(mistakes.filter(({ replayOnly }) => !replayOnly))('tell of a workflow that $what', async ({ change }) => {
    await using mistaken = await start(change(bundle), 100)
    await expect(assertLives([mistaken], { batches: MISTAKEN })).rejects.toThrow('Property failed')
  })
})
