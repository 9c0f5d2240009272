import { describe, expect, test } from 'vitest'
import { countFitting, isFitting, isKeptElsewhere, queuedItems, toWhole, toWholes } from '../../src/api/whole.ts'
import { stow } from '../../src/history/blobs.ts'
import { toWire } from '../../src/history/project.ts'
import type { Arrival } from '../../src/session/entry.ts'
import { message } from '../support/session-builders.ts'
import { agentWith } from '../activities/agent.ts'
import { createPartStores } from './part-stores.ts'

const MIB = 1024 * 1024
const LONG = 'word '.repeat(20_000)
const arrival = (id: string, text: string): Arrival => ({ ...message(id, text), id })

async function stored(text: string) {
  const stores = createPartStores()
  const { elements, blobs: refs } = await stow(stores.blobs, 'sesn_a', [arrival('m', text)])
  const [shown] = queuedItems({ queue: elements, ...(refs?.[0] ? { blobs: { m: refs[0] } } : {}) })
  if (!shown) throw new Error('expected an item')
  return { stores, item: shown }
}

function sized(...sizes: readonly number[]) {
  return sizes.map((length) => ({
    says: null,
    shown: { type: 'agent.thinking' as const, id: 't', processed_at: '' },
    ...(length > 0 ? { blobs: [{ path: ['x'], sha256: 'ab'.repeat(32), length }] } : {}),
  }))
}

describe('an event with large parts', () => {
  test('is whole for its reader', async () => {
    const { stores, item } = await stored(LONG)
    expect(JSON.stringify(item.shown)).not.toContain('word')
    const whole = { ...arrival('m', LONG), processed_at: null }
    expect(await toWhole(stores, 'sesn_a', item)).toEqual(whole)
    expect(await toWholes(stores, 'sesn_a', [item, item])).toEqual([whole, whole])
  })

  test('without any is the same object', async () => {
    const { stores, item } = await stored('short')
    expect(await toWhole(stores, 'sesn_a', item)).toBe(item.shown)
  })

  test('that is lost is an error that names it and is not worth a retry', async () => {
    const { stores, item } = await stored(LONG)
    await stores.blobs.clear('sesn_a')
    await expect(toWhole(stores, 'sesn_a', item)).rejects.toMatchObject({
      kind: 'api_error',
      message: expect.stringMatching(/^The event m cannot be read: store: the blob .* is missing[^`]*$/),
      options: { code: 'content_lost', shouldRetry: false },
    })
    const finished = { ...item, shown: { ...item.shown, processed_at: '2026-01-02T12:00:00Z' } }
    await expect(toWhole(stores, 'sesn_a', finished)).rejects.toThrow('`before=m` and `after=m`')
  })

  test('is not mistaken for lost when the store fails', async () => {
    const { stores, item } = await stored(LONG)
    const get = async (): Promise<never> => Promise.reject(new Error('store: a blob could not be read: EIO'))
    await expect(toWhole({ ...stores, blobs: { get } }, 'sesn_a', item)).rejects.toThrow('EIO')
  })
})

describe('a change of an agent', () => {
  const says = { type: 'session.updated', id: 'u', title: 'new', configuration: 'cfg_2' } as const
  const item = { says, shown: toWire(says, 0) }
  const title = { id: 'u', type: 'session.updated', title: 'new', processed_at: '1970-01-01T00:00:00.000Z' }

  test('brings the whole agent', async () => {
    const agent = agentWith()
    expect(isKeptElsewhere(item)).toBe(true)
    expect(await toWhole(createPartStores(new Map([['cfg_2', agent]])), 'sesn_a', item)).toEqual({ ...title, agent })
  })

  test('says null for one that nobody has stored', async () => {
    expect(await toWhole(createPartStores(), 'sesn_a', item)).toEqual({ ...title, agent: null })
  })

  test('is none where the title changed alone', async () => {
    const { configuration: _, ...entry } = says
    const plain = { says: entry, shown: toWire(entry, 0) }
    expect(isKeptElsewhere(plain)).toBe(false)
    expect(await toWhole(createPartStores(), 'sesn_a', plain)).toEqual(title)
  })

  test('counts as much as most agents do where a page is filled', () => {
    expect(countFitting(Array.from({ length: 200 }, () => item))).toBe(127)
  })
})

describe('a page', () => {
  test.each([
    ['all small ones', [0, 0, 0], 3],
    ['nothing', [], 0],
    ['what is together no larger than a page may be', [16 * MIB, 0, 15 * MIB], 3],
    ['what comes before that is passed', [16 * MIB, 0, 15 * MIB, 2 * MIB, 0], 3],
    ['one that is larger by itself', [40 * MIB, 0, 1], 1],
    ['what stands before a large one', [0, 0, 40 * MIB], 2],
  ])('brings %s', (_, sizes, count) => {
    expect(countFitting(sized(...sizes))).toBe(count)
  })

  test('counts what stands in its events as well as what is kept elsewhere', () => {
    const [text] = queuedItems({ queue: [arrival('m', 'x'.repeat(MIB))] })
    const [large, larger] = sized(30 * MIB, 31 * MIB)
    if (!text || !large || !larger) throw new Error('expected three items')
    expect([countFitting([large, text]), countFitting([larger, text])]).toEqual([2, 1])
    expect([isFitting([text, large]), isFitting([text, larger])]).toEqual([true, false])
  })

  test('brings the less the more it begins with, and one at least', () => {
    const rows = sized(8 * MIB, 8 * MIB, 8 * MIB)
    expect([8, 16, 24, 90].map((size) => countFitting(rows, sized(size * MIB)))).toEqual([2, 1, 1, 1])
  })
})
