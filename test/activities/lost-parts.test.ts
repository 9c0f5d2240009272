import { describe, expect, test } from 'vitest'
import { ThoughtsLost, nameLost } from '../../src/activities/lost-parts.ts'
import { fetchThere, stow } from '../../src/history/blobs.ts'
import type { LogEntry } from '../../src/session/transcript.ts'
import { createMemoryBlobs } from '../support/memory-blobs.ts'

const SENTENCE = '[This part of the conversation is lost: its file is missing or damaged.]'
const LONG = 'x'.repeat(100_000)
const STANDS_IN = { type: 'text', text: SENTENCE }
const beside = { type: 'text', text: 'stays' }

/** An entry whose large parts are all gone. */
async function losing(entry: object, turn = { isOver: true }): Promise<object> {
  const { elements, blobs } = await stow(createMemoryBlobs(), 'sesn_a', [entry as LogEntry])
  const [element] = elements
  if (!element) throw new Error('expected an element')
  const there = await fetchThere(createMemoryBlobs(), 'sesn_a', { element, blobs: blobs?.[0] })
  expect(there.lost).not.toEqual([])
  return nameLost(there.element, there.lost, turn)
}

describe('a lost part', () => {
  test.each([
    ['text', { type: 'text', text: LONG }, STANDS_IN],
    ['image', { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'abcd' } }, STANDS_IN],
    ['document', { type: 'document', source: { type: 'text', media_type: 'text/plain', data: LONG } }, STANDS_IN],
    [
      'input of a call',
      { type: 'tool_use', id: 't', name: 'write', input: { path: 'a', deep: [{ content: LONG }] } },
      { type: 'tool_use', id: 't', name: 'write', input: { path: 'a', deep: [{ content: SENTENCE }] } },
    ],
  ])('of an entry reads as a sentence in its place: %s', async (_, block, read) => {
    const entry = { type: 'user.message', id: 'm', content: [beside, block, beside] }
    expect(await losing(entry)).toEqual({ ...entry, content: [beside, read, beside] })
  })

  test('may be all that its entry says', async () => {
    const summary = { type: 'log.summary', harness: 'h', introduction: 'so far', text: LONG }
    expect(await losing(summary)).toEqual({ ...summary, text: SENTENCE })
  })

  test('stands in for a block whose file is lost', () => {
    const file = { type: 'image', source: { type: 'file', file_id: 'file_1' } }
    const entry = { type: 'user.message', id: 'm', content: [beside, file] } as LogEntry
    const ref = { path: ['content', 1, 'source'], sha256: 'ab'.repeat(32), length: 3, file: 'image/png' }
    expect(nameLost(entry, [{ ref }], { isOver: true })).toEqual({ ...entry, content: [beside, STANDS_IN] })
  })

  test('leaves an image beside it as it is', async () => {
    const image = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }
    const entry = { type: 'user.message', id: 'm', content: [image, { type: 'text', text: LONG }] }
    expect(await losing(entry)).toEqual({ ...entry, content: [image, STANDS_IN] })
  })
})

describe('a lost part of what the model’s API has found', () => {
  const caller = { type: 'direct' }
  const use = { type: 'server_tool_use', id: 's', name: 'web_fetch', input: {}, caller }
  const source = { type: 'text', media_type: 'text/plain', data: LONG }
  const page = { type: 'web_fetch_result', url: 'https://a.com', content: { type: 'document', source } }
  const hits = [{ type: 'web_search_result', url: 'https://a.com', title: 'A', encrypted_content: LONG }]

  test.each([
    ['web_fetch', page],
    ['web_search', hits],
  ])('leaves the %s with a result that says that there is none', async (name, content) => {
    const result = { type: `${name}_tool_result`, tool_use_id: 's', content, caller }
    const entry = { type: 'log.assistant', content: [use, result, beside], calls: [] }
    const none = { type: `${name}_tool_result_error`, error_code: 'unavailable' }
    expect(await losing(entry)).toEqual({ ...entry, content: [use, { ...result, content: none }, beside] })
  })
})

describe('a lost thought', () => {
  const thought = { type: 'thinking', thinking: LONG, signature: 'of all that' }
  const other = { type: 'redacted_thinking', data: 'veiled' }
  const call = { type: 'tool_use', id: 't', name: 'bash', input: {} }
  const answer = { type: 'log.assistant', content: [thought, other, beside, call], calls: [] }

  test('takes the others of its answer along, once the turn is over', async () => {
    expect(await losing(answer)).toEqual({ ...answer, content: [beside, call] })
  })

  test('may be all that its answer had', async () => {
    expect(await losing({ ...answer, content: [thought] })).toEqual({ ...answer, content: [] })
  })

  test('ends the turn that it is of, and says how to go on', async () => {
    const ending = losing(answer, { isOver: false })
    await expect(ending).rejects.toThrow(ThoughtsLost)
    await expect(ending).rejects.toThrow(/^store: .*send a message/)
  })

  test('stays when it is another part of the answer that is lost', async () => {
    const kept = { ...thought, thinking: 'short' }
    const entry = { ...answer, content: [kept, { type: 'text', text: LONG }, call] }
    expect(await losing(entry, { isOver: false })).toEqual({ ...entry, content: [kept, STANDS_IN, call] })
  })
})

describe('an entry that has lost nothing', () => {
  test('is the same object', () => {
    const entry: LogEntry = { type: 'log.mark', id: 'm' }
    expect(nameLost(entry, [], { isOver: false })).toBe(entry)
  })
})
