import { describe, expect, test } from 'vitest'
import { toEntries } from '../../src/activities/answer.ts'
import { toRecorded } from '../../src/activities/recorded.ts'
import { toArchivedItem } from '../../src/history/archived-item.ts'
import { stow } from '../../src/history/blobs.ts'
import type { Entry } from '../../src/session/entry.ts'
import { putRepeatsBack } from '../../src/session/repeats.ts'
import { transcript } from '../../src/session/transcript.ts'
import { SessionBuried } from '../../src/store/buried.ts'
import { decided, history, project, scheduled, signaled, started } from '../support/history-builders.ts'
import { createMemoryBlobs } from '../support/memory-blobs.ts'
import { message } from '../support/session-builders.ts'
import { agentWith } from './agent.ts'

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

  test('holds a string once that stands in several entries', async () => {
    const content = LONG.slice(0, 1000)
    const recorded = await toRecorded(createMemoryBlobs(), 'sesn_a', [use({ content }), use({ a: 1, content })])
    expect(JSON.stringify(recorded).split(content)).toHaveLength(2)
    expect(putRepeatsBack(recorded.entries, recorded.repeats)).toEqual([use({ content }), use({ a: 1, content })])
  })

  test('holds a large string of several entries nowhere, and stores it once', async () => {
    const blobs = createMemoryBlobs()
    const recorded = await toRecorded(blobs, 'sesn_a', [use({ content: LONG }), use({ content: LONG })])
    expect(recorded).not.toHaveProperty('repeats')
    expect(recorded.blobs?.[1]).toEqual(recorded.blobs?.[0])
    expect(await blobs.list('sesn_a')).toHaveLength(1)
  })

  test.each([
    ['of a session that was deleted', new SessionBuried('sesn_a'), { type: 'deleted', nonRetryable: true }],
    ['that the disk does not take', new Error('store: a blob could not be written: ENOSPC'), { message: /ENOSPC/ }],
  ])('%s is not recorded', async (_, error, expected) => {
    const blobs = { ...createMemoryBlobs(), put: async () => Promise.reject(error) }
    const { message: words, ...rest } = { message: /./, ...expected }
    const failed: unknown = await toRecorded(blobs, 'sesn_a', [use({ content: LONG })]).catch((why: unknown) => why)
    expect(failed).toMatchObject(rest)
    expect(String(failed)).toMatch(words)
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

/** Two messages, two calls and some that repeat themselves, one of them too large for a payload. */
function answer(): readonly Entry[] {
  const words = (word: string, length = 2000): string => word.repeat(length).slice(0, length)
  const text = (value: string) => ({ type: 'text', text: value, citations: null }) as const
  const caller = { type: 'direct' } as const
  const input = { text: words('in '), path: 'a', more: [words('First. '), { of: words('in ') }] }
  let minted = 0
  return toEntries({
    agent: agentWith(),
    harness: 'h',
    request: 'r',
    response: {
      content: [
        { type: 'thinking', thinking: words('so '), signature: words('s') },
        text(words('First. ')),
        text(words('\ud83d"é')),
        { type: 'tool_use', id: 't1', name: 'write', input, caller },
        { type: 'tool_use', id: 't2', name: 'edit', input: { text: words('large ', 70_000), path: ['', 1] }, caller },
        text(words('Last. ')),
      ],
      stopReason: 'tool_use',
      stopDetails: null,
      usage: { input_tokens: 3, output_tokens: 2, cache_read_input_tokens: 1, cache_creation_input_tokens: 0 },
    },
    messages: [],
    offered: ['write', 'edit'],
    announced: [],
    mint: () => `e${++minted}`,
  })
}

/** All that anybody can come to know of a log with this result in it, as it is written down. */
function reading(result: unknown): Record<string, string> {
  const items = history(
    started(),
    signaled(message('m')),
    decided({ type: 'session.status_running', id: 'e' }, { type: 'log.mark', id: 'm' }),
    scheduled('1'),
    { type: 'completed', scheduled: 4, result: JSON.parse(JSON.stringify(result)) },
  )
  const { items: log, projection, shown } = project(items)
  const finished = log.filter((item) => item.finished)
  return {
    clients: JSON.stringify(shown),
    model: JSON.stringify(transcript(finished.flatMap(({ says }) => says ?? []))),
    archive: JSON.stringify(finished.map(toArchivedItem)),
    state: JSON.stringify(projection.state),
  }
}

describe('an answer', () => {
  test('reads the same, byte for byte, as one that was recorded whole', async () => {
    const { elements: entries, ...large } = await stow(createMemoryBlobs(), 'sesn_a', answer())
    const recorded = await toRecorded(createMemoryBlobs(), 'sesn_a', answer())
    expect(reading(recorded)).toEqual(reading({ entries, ...large }))
    expect(large.blobs).toEqual(recorded.blobs)
  })

  test('takes little more room than the model’s own blocks', async () => {
    const recorded = await toRecorded(createMemoryBlobs(), 'sesn_a', answer())
    const [raw, ...shown] = recorded.entries
    expect(JSON.stringify(raw).length).toBeGreaterThan(8000)
    expect(JSON.stringify([shown, recorded.repeats]).length).toBeLessThan(2500)
  })
})
