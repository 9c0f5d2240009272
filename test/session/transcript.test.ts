import { describe, expect, test } from 'vitest'
import type { LogEntry } from '../../src/session/transcript.ts'
import { textOf, transcript } from '../../src/session/transcript.ts'
import type { ModelContentBlock } from '../../src/wire/types.ts'
import { faultsOfConversation } from '../support/conversation.ts'
import { answerEntries, customResult, message, resultEntry, systemMessage } from '../support/session-builders.ts'

const TEXT: ModelContentBlock = { type: 'text', text: 'hello', citations: null }

/** Marked inputs stand in the log as the events themselves. */
function heard(...events: readonly object[]): readonly LogEntry[] {
  return events as LogEntry[]
}

function assistant(content: readonly ModelContentBlock[]): LogEntry {
  return { type: 'log.assistant', harness: 'h1', content, stop_reason: 'end_turn', calls: [] }
}

describe('a transcript', () => {
  test('holds inputs and answers in the order of the log', () => {
    const log = [
      ...heard(message('m1', 'first')),
      ...answerEntries({ request: 'r1', text: 'one' }),
      ...heard(message('m2', 'second'), message('m3', 'third')),
    ]
    expect(transcript(log)).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'first' }] },
      { role: 'assistant', content: [{ type: 'text', text: 'one', citations: null }] },
      { role: 'user', content: [{ type: 'text', text: 'second' }] },
      { role: 'user', content: [{ type: 'text', text: 'third' }] },
    ])
  })

  test('gives the results of a step together, in the order of its calls, under the model’s own ids', () => {
    const log = [
      ...heard(message('m1')),
      ...answerEntries({
        request: 'r1',
        calls: [
          ['c1', 'allow'],
          ['c2', 'allow'],
          ['x', 'custom'],
        ],
      }),
      resultEntry('c2', 'two', true),
      ...heard(customResult('r', 'x', 'three')),
      resultEntry('c1', 'one'),
    ]
    expect(transcript(log).at(-1)).toEqual({
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'toolu_c1', content: [{ type: 'text', text: 'one' }], is_error: false },
        { type: 'tool_result', tool_use_id: 'toolu_c2', content: [{ type: 'text', text: 'two' }], is_error: true },
        { type: 'tool_result', tool_use_id: 'toolu_x', content: [{ type: 'text', text: 'three' }], is_error: false },
      ],
    })
    expect(faultsOfConversation(transcript(log))).toEqual([])
  })

  test.each<ModelContentBlock['type']>(['thinking', 'redacted_thinking'])(
    'leaves out an answer that was cut while there was nothing but %s',
    (type) => {
      const thought = { type, thinking: 'hm', signature: '', data: 'x' } as ModelContentBlock
      const blank = { ...TEXT, text: ' ' }
      const log = [...heard(message('m1')), assistant([thought, blank]), ...heard(message('m2'))]
      expect(transcript(log).map(({ role }) => role)).toEqual(['user', 'user'])
      const spoken = [...heard(message('m1')), assistant([thought, TEXT])]
      expect(transcript(spoken).at(-1)).toEqual({ role: 'assistant', content: [thought, TEXT] })
    },
  )

  test('holds no results until all of a step are there', () => {
    const log = [
      ...heard(message('m1')),
      ...answerEntries({
        request: 'r1',
        calls: [
          ['c1', 'allow'],
          ['c2', 'allow'],
        ],
      }),
      resultEntry('c1'),
    ]
    expect(transcript(log)).toHaveLength(2)
  })

  test.each([
    {
      name: 'the client’s, when it came first',
      first: customResult('r', 'x', 'client'),
      second: resultEntry('x', 'closed'),
      text: 'client',
    },
    {
      name: 'the closing one, when that came first',
      first: resultEntry('x', 'closed'),
      second: customResult('r', 'x', 'client'),
      text: 'closed',
    },
    {
      name: 'the client’s first',
      first: customResult('r', 'x', 'client'),
      second: customResult('r2', 'x', 'again'),
      text: 'client',
    },
  ])('gives one result of a custom call: $name', ({ first, second, text }) => {
    const asked = answerEntries({
      request: 'r1',
      calls: [
        ['x', 'custom'],
        ['c', 'allow'],
      ],
    })
    const messages = transcript([...heard(message('m1')), ...asked, ...heard(first, second), resultEntry('c')])
    expect(messages).toHaveLength(3)
    expect(messages[2]).toMatchObject({ content: [{ content: [{ text }] }, { tool_use_id: 'toolu_c' }] })
  })

  test('takes a custom result that stands before its call', () => {
    const log = [
      ...heard(message('m1'), customResult('r', 'x', 'early')),
      ...answerEntries({ request: 'r1', calls: [['x', 'custom']] }),
    ]
    expect(transcript(log).at(-1)).toMatchObject({
      content: [{ tool_use_id: 'toolu_x', content: [{ text: 'early' }] }],
    })
  })

  test('takes no client’s word for the result of a call that is not custom', () => {
    const log = [
      ...heard(message('m1')),
      ...answerEntries({ request: 'r1', calls: [['c1', 'allow']] }),
      ...heard(customResult('r', 'c1', 'forged')),
    ]
    expect(transcript(log)).toHaveLength(2)
    expect(transcript([...log, resultEntry('c1', 'real')]).at(-1)).toMatchObject({
      content: [{ content: [{ text: 'real' }] }],
    })
  })

  test.each([
    { name: 'no content', entry: { ...resultEntry('c1'), content: [] } },
    { name: 'nothing said of content', entry: { ...resultEntry('c1'), content: undefined } },
    { name: 'blank text', entry: resultEntry('c1', ' \n') },
    { name: 'content of other kinds', entry: { ...resultEntry('c1'), content: [{ type: 'image', source: {} }] } },
  ])('says that there was no output: $name', ({ entry }) => {
    const log = [
      ...heard(message('m1')),
      ...answerEntries({ request: 'r1', calls: [['c1', 'allow']] }),
      ...heard(entry),
    ]
    expect(transcript(log).at(-1)).toMatchObject({ content: [{ content: [{ type: 'text', text: '(no output)' }] }] })
  })

  test('takes a custom result without content', () => {
    const { content: _, ...bare } = { ...customResult('r', 'x'), content: undefined }
    const log = [...heard(message('m1')), ...answerEntries({ request: 'r1', calls: [['x', 'custom']] }), ...heard(bare)]
    expect(transcript(log).at(-1)).toMatchObject({ content: [{ content: [{ text: '(no output)' }] }] })
  })

  test('gives the images, documents and search results of a custom result, and no images of the hands', () => {
    const image = { type: 'image', source: { type: 'url', url: 'https://example.com/a' } }
    const page = { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'words' } }
    const found = {
      type: 'search_result',
      source: 's',
      title: 't',
      content: [{ type: 'text', text: 'x' }],
      citations: { enabled: true },
    }
    const content = [{ type: 'text', text: 'see' }, image, page, found]
    const log = [
      ...heard(message('m1')),
      ...answerEntries({
        request: 'r1',
        calls: [
          ['x', 'custom'],
          ['c', 'allow'],
        ],
      }),
      ...heard({ ...customResult('r', 'x'), content, is_error: true }, { ...resultEntry('c', 'one'), content }),
    ]
    expect(transcript(log).at(-1)?.content).toEqual([
      {
        type: 'tool_result',
        tool_use_id: 'toolu_x',
        content: [
          { type: 'text', text: 'The call failed.' },
          ...content.slice(0, -1),
          { ...found, citations: { enabled: false } },
        ],
        is_error: false,
      },
      { type: 'tool_result', tool_use_id: 'toolu_c', content: [{ type: 'text', text: 'see' }], is_error: false },
    ])
  })

  test('keeps the assistant’s blocks as they were', () => {
    const blocks: ModelContentBlock[] = [{ type: 'thinking', thinking: 'hm', signature: 'sig' }, TEXT]
    expect(transcript([assistant(blocks)])).toEqual([{ role: 'assistant', content: blocks }])
  })

  test.each([
    {
      name: 'blank texts of the model',
      entry: assistant([TEXT, { ...TEXT, text: ' ' }]),
      messages: [{ role: 'assistant', content: [TEXT] }],
    },
    { name: 'answers without content', entry: assistant([]), messages: [] },
    { name: 'answers of blank texts', entry: assistant([{ ...TEXT, text: '' }]), messages: [] },
    { name: 'inputs without text', entry: { ...message('m1'), content: [{ type: 'redacted' }] }, messages: [] },
  ])('leaves out what the Messages API would refuse: $name', ({ entry, messages }) => {
    expect(transcript(heard(entry))).toEqual(messages)
  })

  test('tells a system message at its place', () => {
    expect(transcript(heard(message('m1', 'do'), systemMessage('s1', 'and beware')))).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'do' }] },
      { role: 'user', content: [{ type: 'text', text: 'and beware' }] },
    ])
  })

  test.each(['user.interrupt', 'session.status_running', 'log.compacted', 'agent.message'])(
    'is not made of %s',
    (type) => {
      expect(transcript(heard({ type, id: 'e', content: [] }))).toEqual([])
    },
  )

  test('of a longer log begins with that of a shorter one', () => {
    const log = [
      ...heard(message('m1')),
      ...answerEntries({
        request: 'r1',
        text: 'a',
        calls: [
          ['c1', 'allow'],
          ['c2', 'allow'],
        ],
      }),
      resultEntry('c2'),
      resultEntry('c1'),
      ...heard(message('m2')),
      ...answerEntries({ request: 'r2', text: 'b' }),
    ]
    const whole = transcript(log)
    for (let length = 0; length <= log.length; length++) {
      const part = transcript(log.slice(0, length))
      expect(whole.slice(0, part.length)).toEqual(part)
    }
  })
})

describe('the text of an answer', () => {
  test('is that of its text blocks', () => {
    expect(textOf([{ type: 'thinking', thinking: 'hm', signature: 's' }, TEXT, { ...TEXT, text: ' there' }])).toBe(
      'hello there',
    )
  })
})
