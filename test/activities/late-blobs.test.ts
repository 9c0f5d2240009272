import { describe, expect, test } from 'vitest'
import { createLateBlobs } from '../../src/activities/late-blobs.ts'

const MINUTE = 60_000

/** Blobs of these sessions, and a look for those that the database says were deleted. */
function scene(having: readonly string[], deleted: readonly string[]) {
  const asked: number[] = []
  const look = createLateBlobs({
    blobs: { sessions: async () => having },
    sessions: {
      async buried(ids) {
        asked.push(ids.length)
        return ids.filter((id) => deleted.includes(id))
      },
    },
  })
  return { look, asked }
}

describe('late blobs', () => {
  test('are those of deleted sessions, never those of sessions that nobody knows', async () => {
    const { look } = scene(['deleted', 'there', 'unknown'], ['deleted', 'deleted without blobs'])
    expect(await look(0)).toEqual(['deleted'])
  })

  test('are looked for every five minutes', async () => {
    const { look, asked } = scene(['deleted'], ['deleted'])
    const found: number[] = []
    for (let minute = 0; minute <= 10; minute++) found.push((await look(minute * MINUTE)).length)
    expect(found).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])
    expect(asked).toHaveLength(3)
  })

  test('are asked for a thousand sessions at a time', async () => {
    const all = Array.from({ length: 2500 }, (_, n) => `sesn_${n}`)
    const { look, asked } = scene(all, all)
    expect(await look(0)).toEqual(all)
    expect(asked).toEqual([1000, 1000, 500])
  })
})
