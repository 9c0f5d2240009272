import { describe, expect, test } from 'vitest'
import type { LogItem } from '../../src/history/project.ts'
import type { Slice } from '../../src/history/slice.ts'
import { walk } from '../../src/history/walk.ts'
import { buildView } from '../api/view-builder.ts'

/** A log of so many items, each of which is known by its time, and what was asked of it. */
function build(count: number) {
  const asked: (number | null)[] = []
  async function slice(_: unknown, { limit, behind }: Slice): Promise<readonly LogItem[]> {
    const from = behind ? behind.index + 1 : 0
    asked.push(behind?.index ?? null)
    return Array.from({ length: Math.min(limit, count - from) }, (__, n) => ({
      position: { run: 1, event: 1, index: from + n },
      at: from + n,
      says: null,
      shown: null,
      finished: true,
    }))
  }
  return { asked, items: walk({ slice }, buildView([], {}), { order: 'asc', audience: 'model' }) }
}

describe('a walk', () => {
  test.each([
    [0, [null]],
    [999, [null]],
    [1_000, [null, 999]],
    [2_500, [null, 999, 1_999]],
  ])('comes by each of %i items once, a page after the other', async (count, pages) => {
    const { asked, items } = build(count)
    const seen: number[] = []
    for await (const { at } of items) seen.push(at)
    expect(seen).toEqual(Array.from({ length: count }, (_, n) => n))
    expect(asked).toEqual(pages)
  })

  test('that is broken off reads no further', async () => {
    const { asked, items } = build(5_000)
    for await (const { at } of items) if (at === 1_200) break
    expect(asked).toEqual([null, 999])
  })
})
