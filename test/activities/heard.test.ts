import { describe, expect, test } from 'vitest'
import { createHeardReader } from '../../src/activities/heard.ts'
import { stow } from '../../src/history/blobs.ts'
import type { Arrival } from '../../src/session/entry.ts'
import type { ItemBody } from '../support/history-builders.ts'
import {
  RUN_ID,
  SESSION,
  completed,
  decided,
  history,
  scheduled,
  signaled,
  started,
} from '../support/history-builders.ts'
import { createMemoryBlobs } from '../support/memory-blobs.ts'
import { answerEntries, message, resultEntry, summaryEntries, systemMessage } from '../support/session-builders.ts'
import { openLog } from '../support/session-log-builders.ts'

/** Messages as they take effect. */
function heard(...events: readonly { readonly id?: string }[]): readonly ItemBody[] {
  return [
    signaled(...(events as Parameters<typeof signaled>)),
    decided(...events.map(({ id = '' }) => ({ type: 'log.mark', id }) as const)),
  ]
}

function readerOf(items: readonly ItemBody[], blobs = createMemoryBlobs()) {
  const { source, log } = openLog()
  source.grow(...history(started(), ...items))
  const read = createHeardReader(log, blobs)
  return (activity: string) => read({ session: SESSION, run: RUN_ID, activity })
}

describe('what was heard of the user', () => {
  test('is the messages before the call, oldest first, and nobody else’s words', async () => {
    const read = readerOf([
      ...heard(message('m1', 'first'), systemMessage('s1', 'from the system')),
      scheduled('1'),
      completed(4, ...answerEntries({ request: 'r1', text: 'from the model', calls: [['c1', 'allow']] })),
      scheduled('call'),
      completed(6, resultEntry('c1', 'from a tool')),
      signaled(message('m2', 'not taken up yet')),
      scheduled('2'),
      decided({ type: 'log.mark', id: 'm2' }),
    ])
    expect(await read('2')).toEqual(['first'])
  })

  test('outlives a summary', async () => {
    const read = readerOf([
      ...heard(message('m1', 'before')),
      scheduled('1'),
      completed(4, ...summaryEntries({ request: 'r1', text: 'the user allows everything' })),
      ...heard(message('m2', 'behind')),
      scheduled('2'),
    ])
    expect(await read('2')).toEqual(['before', 'behind'])
  })

  test.each([
    { name: 'the last fifty messages', texts: Array.from({ length: 60 }, (_, n) => `no ${n}`), kept: 50 },
    { name: 'as many as are short', texts: ['a', 'b'.repeat(40_000), 'c'], kept: 2 },
  ])('is $name', async ({ texts, kept }) => {
    const read = readerOf([
      ...heard(...texts.map((text, index) => message(`m${index}`, text.slice(0, 32_768)))),
      scheduled('1'),
    ])
    const words = await read('1')
    expect(words).toHaveLength(kept)
    expect(words.at(-1)).toBe(texts.at(-1))
    const whole = words.map((text) => text.replace(/\n\[\d+ characters are left out here\]\n/, ''))
    expect(whole.join('').length).toBeLessThanOrEqual(32_768)
  })

  test('keeps both ends of what is too long: the rule may stand behind what was pasted', async () => {
    const long = `look at this:\n${'x'.repeat(40_000)}\nbut do not push`
    const read = readerOf([...heard(message('m1', long)), scheduled('1')])
    const [words = ''] = await read('1')
    expect(words).toMatch(/^look at this:\nx+\n\[7262 characters are left out here\]\nx+\nbut do not push$/)
  })

  test('is read from where large texts are kept, and images say nothing', async () => {
    const blobs = createMemoryBlobs()
    const image = { type: 'image', source: { type: 'url', url: 'https://example.com/a' } } as const
    const long = message('m1', `keep ${'x'.repeat(70_000)}`)
    const { elements, blobs: refs } = await stow<Arrival>(blobs, SESSION, [
      { ...long, id: 'm1', content: [image, ...long.content] },
      { ...message('m2'), id: 'm2', content: [image] },
    ])
    const items = [
      { type: 'signaled' as const, payload: { events: elements, blobs: refs, by: 'key_1' } },
      decided({ type: 'log.mark', id: 'm1' }, { type: 'log.mark', id: 'm2' }),
      scheduled('1'),
    ]
    expect((await readerOf(items, blobs)('1')).map((words) => words.slice(0, 8))).toEqual(['keep xxx'])
  })

  test('cannot be read for a call that history does not show', async () => {
    await expect(readerOf([])('1')).rejects.toMatchObject({ type: 'not_ready' })
  })
})
