import { describe, expect, test } from 'vitest'
import { toRecorded } from '../../src/activities/recorded.ts'
import type { Entry } from '../../src/session/entry.ts'
import { SessionBuried } from '../../src/store/buried.ts'
import { createMemoryBlobs } from '../support/memory-blobs.ts'

const LONG = 'x'.repeat(100_000)

function use(input: Record<string, unknown>): Entry {
  return { type: 'agent.tool_use', id: 'c', name: 'write', input }
}

describe('a result', () => {
  test('that is small is recorded as it is', async () => {
    const entries = [use({ a: 1 })]
    expect(await toRecorded(createMemoryBlobs(), 'sesn_a', entries)).toEqual({ entries })
  })

  test('that is large is stored before it is answered', async () => {
    const blobs = createMemoryBlobs()
    const recorded = await toRecorded(blobs, 'sesn_a', [use({ a: 1 }), use({ content: LONG })])
    expect(recorded.entries[1]).toMatchObject({ input: { content: '' } })
    expect(recorded.blobs?.[1]).toMatchObject([{ path: ['input', 'content'] }])
    expect(await blobs.list('sesn_a')).toHaveLength(1)
  })

  test.each([
    ['of a session that was deleted', new SessionBuried('sesn_a'), { type: 'deleted', nonRetryable: true }],
    ['that the disk does not take', new Error('store: a blob could not be written: ENOSPC'), { message: /ENOSPC/ }],
  ])('%s is not recorded', async (_, error, expected) => {
    const blobs = { ...createMemoryBlobs(), put: async () => Promise.reject(error) }
    const { message, ...rest } = { message: /./, ...expected }
    const failed: unknown = await toRecorded(blobs, 'sesn_a', [use({ content: LONG })]).catch((why: unknown) => why)
    expect(failed).toMatchObject(rest)
    expect(String(failed)).toMatch(message)
  })

  test('that nothing can make small enough is refused for good', async () => {
    const numbers = Object.fromEntries(Array.from({ length: 60_000 }, (_, n) => [`key ${n}`, n]))
    await expect(toRecorded(createMemoryBlobs(), 'sesn_a', [use(numbers)])).rejects.toMatchObject({
      type: 'refused',
      nonRetryable: true,
      message: expect.stringContaining('the result cannot be recorded: expected at most 524288 bytes'),
    })
  })
})
