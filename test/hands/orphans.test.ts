import { describe, expect, test } from 'vitest'
import type { SandboxRow } from '../../src/hands/bindings.ts'
import { createDoorWatch, doorsOf } from '../../src/hands/orphans.ts'

const row: SandboxRow = { sessionId: 'sesn_1', generation: 2, provider: 'local', reference: 'box', bootId: 'b' }
const minute = 60_000

describe('the doors of sandboxes', () => {
  function build(...present: readonly string[]) {
    const names = new Set(present)
    const close = async (name: string) => void names.delete(name)
    return { names, watch: createDoorWatch({ names: async () => [...names], close }) }
  }

  test('stay while there is or is to be a sandbox, by the name of its place or its reference', async () => {
    const { names, watch } = build('sesn_1.2', 'box', 'sesn_1-second.1')
    const rows = [row, { ...row, hand: 'second', generation: 1, reference: 'other' }]
    for (const now of [0, 10 * minute]) await watch(doorsOf(rows), now)
    expect(names.size).toBe(3)
  })

  test('are closed when they have belonged to none for two minutes', async () => {
    const { names, watch } = build('sesn_1.2', 'sesn_1.1')
    for (const now of [0, minute]) await watch(doorsOf([row]), now)
    expect(names.size).toBe(2)
    await watch(doorsOf([row]), 2 * minute)
    expect([...names]).toEqual(['sesn_1.2'])
  })

  test('are given the time anew that were used in between', async () => {
    const { names, watch } = build('sesn_1.2')
    await watch(new Set(), 0)
    await watch(doorsOf([row]), minute)
    await watch(new Set(), 2 * minute)
    expect(names.size).toBe(1)
    await watch(new Set(), 4 * minute)
    expect(names.size).toBe(0)
  })
})
