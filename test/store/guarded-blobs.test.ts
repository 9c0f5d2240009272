import { describe, expect, test } from 'vitest'
import { SessionBuried } from '../../src/store/buried.ts'
import { createGuardedBlobs } from '../../src/store/guarded-blobs.ts'
import { createMemoryBlobs } from '../support/memory-blobs.ts'
import { buildSession } from './builders.ts'

const KEY = 'ab'.repeat(32)
const ROW = buildSession('default')

describe('guarded blobs', () => {
  test('are kept while their session has its row', async () => {
    const below = createMemoryBlobs()
    await createGuardedBlobs(below, { find: async () => ROW }).put('sesn_a', KEY, Buffer.of(1))
    expect(await below.list('sesn_a')).toEqual([KEY])
  })

  test('leave nothing of a session that was deleted while they were written', async () => {
    const below = createMemoryBlobs()
    const rows = [ROW, null]
    const blobs = createGuardedBlobs(below, { find: async () => rows.shift() ?? null })
    await blobs.put('sesn_a', KEY, Buffer.of(1))
    await expect(blobs.put('sesn_a', 'cd'.repeat(32), Buffer.of(2))).rejects.toThrow(SessionBuried)
    expect(await below.list('sesn_a')).toEqual([])
  })

  test('are kept when nobody can say whether their session was deleted', async () => {
    const below = createMemoryBlobs()
    const find = async (): Promise<never> => Promise.reject(new Error('connection refused'))
    await createGuardedBlobs(below, { find }).put('sesn_a', KEY, Buffer.of(1))
    expect(await below.list('sesn_a')).toEqual([KEY])
  })
})
