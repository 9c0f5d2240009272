import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LogEntry } from '../../src/session/transcript.ts'
import { contextStart, isRead, shorten, transcript } from '../../src/session/transcript.ts'
import { faultsOfConversation } from '../support/conversation.ts'
import { answerEntries, customResult, message, resultEntry, summaryEntries } from '../support/session-builders.ts'

/** Marked inputs stand in the log as the events themselves. */
function heard(...events: readonly object[]): readonly LogEntry[] {
  return events as LogEntry[]
}

/** Three rounds with an output of 30 characters each, and a last word of the user. */
const ROUNDS: readonly LogEntry[] = [
  ...heard(message('m1', 'do it')),
  ...['c1', 'c2', 'c3'].flatMap((call) => [
    ...answerEntries({ request: `r-${call}`, calls: [[call, 'allow']] }),
    resultEntry(call, `${call} `.repeat(10)),
  ]),
  ...heard(message('m2', 'and mind the gap')),
]

function trimmed(keep: number, longest?: number): LogEntry {
  return {
    type: 'log.trimmed',
    keep_rounds: keep,
    text: '(left out)',
    ...(longest === undefined ? {} : { longest }),
  }
}

function resultsIn(log: readonly LogEntry[]): readonly string[] {
  return transcript(log).flatMap(({ content }) =>
    typeof content === 'string'
      ? []
      : content.flatMap((block) => (block.type === 'tool_result' ? [JSON.stringify(block.content)] : [])),
  )
}

const LEFT_OUT = JSON.stringify([{ type: 'text', text: '(left out)' }])

describe('a trimmed transcript', () => {
  test.each([0, 1, 2, 3, 9])('keeps the results of the last %i rounds', (keep) => {
    const isLeftOut = resultsIn([...ROUNDS, trimmed(keep)]).map((content) => content === LEFT_OUT)
    expect(isLeftOut).toEqual([1, 2, 3].map((round) => round <= 3 - keep))
  })

  test('differs in nothing else', () => {
    const [before, after] = [ROUNDS, [...ROUNDS, trimmed(0)]].map((log) => JSON.stringify(transcript(log)))
    expect(after).toBe(before?.replaceAll(/\[{"type":"text","text":"(c\d ){10}"}\]/g, LEFT_OUT))
  })

  test('leaves out images and documents of old results, however short, and long search results', () => {
    const image = { type: 'image', source: { type: 'url', url: 'https://a.example' } }
    const found = { type: 'search_result', source: 's', title: 't', content: [{ type: 'text', text: 'abc' }] }
    const contents = [[image], [{ ...found, citations: { enabled: false } }], [{ type: 'text', text: 'short' }]]
    const log = [
      ...heard(message('m1')),
      ...answerEntries({ request: 'r1', calls: contents.map((_, index) => [`x${index}`, 'custom'] as const) }),
      ...heard(...contents.map((content, index) => ({ ...customResult(`r${index}`, `x${index}`), content }))),
    ]
    expect(resultsIn([...log, trimmed(0)])).toEqual([LEFT_OUT, LEFT_OUT, JSON.stringify(contents[2])])
  })

  test('keeps what is as short as the words that would stand for it, and errors as errors', () => {
    const short = [
      ...heard(message('m1')),
      ...answerEntries({ request: 'r1', calls: [['c1', 'allow']] }),
      resultEntry('c1', '0123456789', true),
    ]
    expect(transcript([...short, trimmed(0)])).toEqual(transcript(short))
    const long = [...short.slice(0, -1), resultEntry('c1', '0123456789a', true)]
    expect(transcript([...long, trimmed(0)]).at(-1)).toMatchObject({ content: [{ is_error: true }] })
  })

  test('goes on whole: later results stay, and so does what stood before', () => {
    const log = [
      ...ROUNDS,
      trimmed(1),
      ...answerEntries({ request: 'r4', calls: [['c4', 'allow']] }),
      resultEntry('c4', 'c4 '.repeat(10)),
    ]
    expect(resultsIn(log).map((content) => content === LEFT_OUT)).toEqual([true, true, false, false])
    const prefix = transcript(log.slice(0, ROUNDS.length + 1))
    expect(transcript(log).slice(0, prefix.length)).toEqual(prefix)
  })

  test('leaves out images where inputs are cut, and only there', () => {
    const image = { type: 'image', source: { type: 'url', url: 'https://images.example/1' } }
    const log = heard({ ...message('m1'), content: [image] })
    expect(transcript([...log, trimmed(0)])).toEqual([{ role: 'user', content: [image] }])
    const leftOut = [{ type: 'text', text: '(left out)' }]
    expect(transcript([...log, trimmed(0, 5)])).toEqual([{ role: 'user', content: leftOut }])
  })

  test.each([
    ['and mind the gap', 5, 'and m\n(left out)'],
    ['and mind the gap', 6, 'and mind the gap'],
    [`abcd${'😀'.repeat(20)}`, 5, 'abcd\n(left out)'],
  ])('cuts inputs where it must: %s to %i characters', (text, longest, expected) => {
    const log = heard(message('m1', text))
    expect(transcript([...log, trimmed(0, longest)])).toEqual([
      { role: 'user', content: [{ type: 'text', text: expected }] },
    ])
  })
})

describe('a transcript with a refused file', () => {
  const image = { type: 'image', source: { type: 'url', url: 'https://images.example/1' } }
  const page = { type: 'document', source: { type: 'url', url: 'https://images.example/2' } }
  const words = { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'abc' } }
  const refused: LogEntry = { type: 'log.file_refused', text: '(refused)' }
  const leftOut = { type: 'text', text: '(refused)' }
  const first = heard({ ...message('m1'), content: [image, words] })
  const answered = [...first, ...answerEntries({ request: 'r1', text: 'seen' })]
  const contents = (log: readonly LogEntry[]) =>
    transcript(log).flatMap(({ role, content }) => (role === 'user' ? [content] : []))

  test('says so in place of images and documents, and keeps what is text', () => {
    expect(contents([...first, refused])).toEqual([[leftOut, words]])
    expect(contents([...heard({ ...message('m1'), content: [page, words] }), refused])).toEqual([[leftOut, words]])
  })

  test('keeps those that an answer was given to, as long as there are others', () => {
    const log = [...answered, ...heard({ ...message('m2'), content: [page] }), refused]
    expect(contents(log)).toEqual([[image, words], [leftOut]])
    expect(contents([...log, refused])).toEqual([[leftOut, words], [leftOut]])
  })

  test('takes new ones after it', () => {
    const later = heard({ ...message('m2'), content: [page] })
    expect(contents([...answered, refused, ...later])).toEqual([[leftOut, words], [page]])
  })

  test('says so in the results of custom calls too, those that no answer has been given to first', () => {
    const shows = (call: string, ...content: object[]) => [
      ...answerEntries({ request: `r-${call}`, calls: [[call, 'custom']] }),
      ...heard({ ...customResult(`r-${call}`, call), content }),
    ]
    const log = [...first, ...shows('x1', image), ...shows('x2', page, words)]
    const read = (...all: object[][]) => all.map((content) => JSON.stringify(content))
    expect(resultsIn([...log, refused])).toEqual(read([image], [leftOut, words]))
    expect(contents([...log, refused])[0]).toEqual([image, words])
    expect(resultsIn([...log, refused, refused])).toEqual(read([leftOut], [leftOut, words]))
    expect(contents([...log, refused, refused])[0]).toEqual([leftOut, words])
    const steered = [...log, ...heard({ ...message('m2'), content: [image] }), refused]
    expect(resultsIn(steered)).toEqual(read([image], [leftOut, words]))
    expect(contents(steered).at(-1)).toEqual([leftOut])
  })

  test('leaves results and summaries as they are', () => {
    const log = [...ROUNDS, ...summaryEntries({ request: 'r9', text: 'all is well' })]
    expect(transcript([...log, refused])).toEqual(transcript(log))
    expect(transcript([...ROUNDS, refused])).toEqual(transcript(ROUNDS))
  })
})

describe('a summarised transcript', () => {
  const SUMMARY = { role: 'user', content: ['So far:', 'all is well'].map((text) => ({ type: 'text', text })) }
  const summary = summaryEntries({ request: 'r9', text: 'all is well' })

  test('is the summary, and behind it what was not answered yet', () => {
    expect(transcript([...ROUNDS, ...summary])).toEqual([
      SUMMARY,
      { role: 'user', content: [{ type: 'text', text: 'and mind the gap' }] },
    ])
  })

  test.each([
    { name: 'after the results of a step', log: ROUNDS.slice(0, -1) },
    { name: 'after an answer', log: [...ROUNDS, ...answerEntries({ request: 'r4', text: 'done' })] },
    { name: 'after an empty answer', log: [...ROUNDS, ...answerEntries({ request: 'r4' })] },
  ])('$name is the summary alone', ({ log }) => {
    expect(transcript([...log, ...summary])).toEqual([SUMMARY])
  })

  test('goes on with what comes then, and is summarised again', () => {
    const second = [
      ...ROUNDS,
      ...summary,
      ...heard(message('m3', 'more')),
      ...summaryEntries({ request: 'r10', text: 'still well' }),
    ]
    expect(transcript(second).map(({ content }) => JSON.stringify(content))).toEqual([
      expect.stringContaining('still well'),
      expect.stringContaining('mind the gap'),
      expect.stringContaining('more'),
    ])
    const third = [...second, ...answerEntries({ request: 'r11', text: 'on it' })]
    expect(faultsOfConversation([...transcript(third), ...transcript(heard(message('m4')))])).toEqual([])
  })

  test('keeps cut what was cut', () => {
    expect(transcript([...ROUNDS, trimmed(0, 3), ...summary]).at(-1)).toEqual({
      role: 'user',
      content: [{ type: 'text', text: 'and\n(left out)' }],
    })
  })

  test('depends on nothing before the answer that stands before the summary', () => {
    const log = [...ROUNDS, ...summary, ...heard(message('m3', 'more'))]
    const start = contextStart(log)
    expect(log[start]).toMatchObject({ type: 'log.assistant', calls: [{ id: 'c3' }] })
    expect(transcript(log.slice(start))).toEqual(transcript(log))
  })

  test.each([
    { name: 'without a summary', log: ROUNDS },
    { name: 'without an answer before its summary', log: [...heard(message('m1')), ...summary] },
    { name: 'of nothing', log: [null] },
  ])('$name depends on all of its log', ({ log }) => {
    expect(contextStart(log)).toBe(0)
  })

  test.each([
    { name: 'a message', next: heard(message('m3')) },
    { name: 'a request', next: heard({ type: 'span.model_request_start', id: 'r5' }) },
  ])('says that a result was lost that a client had sent before all that, once $name follows', ({ next }) => {
    const early = [...heard(customResult('r', 'x', 'early')), ...ROUNDS, ...summary]
    const log = [...early, ...answerEntries({ request: 'r4', calls: [['x', 'custom']] })]
    expect(faultsOfConversation(transcript(log))).not.toEqual([])
    expect(faultsOfConversation([...transcript([...log, ...next]), ...transcript(heard(message('m9')))])).toEqual([])
    expect(JSON.stringify(transcript([...log, ...next]))).toContain('was lost')
  })
})

describe('a shortened log', () => {
  const long = 'x'.repeat(100)
  const step = (call: string, text = long): readonly LogEntry[] => [
    { type: 'span.model_request_start', id: `s-${call}` },
    ...answerEntries({ request: `r-${call}`, calls: [[call, 'allow']] }),
    resultEntry(call, text),
  ]
  const texts = (log: readonly LogEntry[]): readonly string[] =>
    log.flatMap((entry) => (entry.type === 'agent.tool_result' ? [JSON.stringify(entry.content)] : []))

  test('has no more of trimmed results than the model reads', () => {
    const log = [...step('c1'), ...step('c2', 'short'), ...step('c3'), trimmed(1), ...step('c4')]
    const whole = JSON.stringify([{ type: 'text', text: long }])
    const short = JSON.stringify([{ type: 'text', text: 'short' }])
    expect(texts(shorten(log))).toEqual([LEFT_OUT, short, whole, whole])
    expect(texts(shorten([...log, trimmed(0)]))).toEqual([LEFT_OUT, short, LEFT_OUT, LEFT_OUT])
  })

  test('has those of clients shortened too, and one that nobody had kept', () => {
    const log = [
      ...heard(message('m1'), { type: 'agent.custom_tool_use', id: 'c1', name: 'lookup', input: {} }),
      ...answerEntries({
        request: 'r1',
        calls: [
          ['c1', 'custom'],
          ['c2', 'allow'],
        ],
      }),
      ...heard(customResult('u1', 'c1', long), { type: 'span.model_request_start', id: 's2' }),
      trimmed(0),
    ] as readonly LogEntry[]
    expect(JSON.stringify(shorten(log))).not.toContain(long)
    expect(transcript(shorten(log))).toEqual(transcript(log))
  })

  test('reads like the whole one with anything behind it, for the entries that are read', () => {
    const atoms = fc.constantFrom('step', 'short', 'message', 'trim', 'cut', 'summary', 'file')
    let shortened = 0
    const property = fc.property(fc.array(atoms, { maxLength: 25, size: 'max' }), fc.nat({ max: 60 }), (kinds, at) => {
      const log = kinds.flatMap((kind, n): readonly LogEntry[] => {
        if (kind === 'step') return step(`c${n}`)
        if (kind === 'short') return step(`c${n}`, 'ok')
        if (kind === 'message') return heard(message(`m${n}`, long))
        if (kind === 'trim') return [trimmed(n % 3)]
        if (kind === 'cut') return [trimmed(0, 5)]
        if (kind === 'file') return [{ type: 'log.file_refused', text: '(refused)' }]
        return summaryEntries({ request: `r${n}` })
      })
      const before = log.slice(0, at)
      const short = shorten(before)
      if (JSON.stringify(short).length < JSON.stringify(before).length) shortened += 1
      const kept = [...shorten(short), ...log.slice(at)].filter(isRead)
      expect(JSON.stringify(transcript(kept))).toBe(JSON.stringify(transcript(log)))
    })
    fc.assert(property, { numRuns: 500 })
    expect(shortened).toBeGreaterThan(50)
  })
})
