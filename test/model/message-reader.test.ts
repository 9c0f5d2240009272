import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ModelProgress, ModelResponse } from '../../src/model/model.ts'
import { ModelFailure } from '../../src/model/model.ts'
import { readEvent, startReading } from '../../src/model/message-reader.ts'
import { answer, block, call, end, start, text } from './stream-text.ts'

type Event = Readonly<Record<string, unknown>>

function read(events: readonly Event[]): { response: ModelResponse | undefined; progress: readonly ModelProgress[] } {
  const progress: ModelProgress[] = []
  const reading = startReading((one) => progress.push(one))
  let response: ModelResponse | undefined
  for (const event of events) response = readEvent(reading, JSON.stringify(event))
  return { response, progress }
}

const thinking = { type: 'thinking', thinking: '', signature: '' }

describe('a reader of streamed answers', () => {
  test('puts the deltas of each kind of block together', () => {
    const events = [
      start(),
      ...block(0, thinking, [
        { type: 'thinking_delta', thinking: 'let ' },
        { type: 'thinking_delta', thinking: 'me see' },
        { type: 'signature_delta', signature: 'c2ln' },
      ]),
      ...text(1, 'I ', 'look.'),
      ...call(2, { id: 'toolu_a', name: 'grep', parts: ['', '{"pattern":', '"x"}'] }),
      ...end('tool_use'),
    ]
    expect(read(events).response).toEqual({
      content: [
        { type: 'thinking', thinking: 'let me see', signature: 'c2ln' },
        { type: 'text', text: 'I look.', citations: null },
        { type: 'tool_use', id: 'toolu_a', name: 'grep', input: { pattern: 'x' } },
      ],
      stopReason: 'tool_use',
      stopDetails: null,
      usage: { input_tokens: 10, output_tokens: 7, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
    })
  })

  test('takes the signature of thinking from its delta alone', () => {
    const bare = block(0, { type: 'thinking', thinking: '' }, [{ type: 'signature_delta', signature: 'c2ln' }])
    const { response } = read([start(), ...bare, ...end('end_turn')])
    expect(response?.content).toEqual([{ type: 'thinking', thinking: '', signature: 'c2ln' }])
  })

  test('tells of each block as it begins, and of text as it comes', () => {
    const { progress } = read([
      start(),
      ...block(0, thinking, [{ type: 'thinking_delta', thinking: 'hm' }]),
      ...block(1, { type: 'text', text: 'a' }, [
        { type: 'text_delta', text: 'b' },
        { type: 'text_delta', text: '' },
      ]),
      ...call(2),
    ])
    expect(progress).toEqual([
      { type: 'block', index: 0, of: 'thinking' },
      { type: 'block', index: 1, of: 'text' },
      { type: 'text', index: 1, text: 'a' },
      { type: 'text', index: 1, text: 'b' },
      { type: 'block', index: 2, of: 'tool_use' },
    ])
  })

  test('takes the input of a call without deltas from its start', () => {
    const { response } = read([start(), ...call(0, { parts: [] }), ...end('tool_use')])
    expect(response?.content).toMatchObject([{ type: 'tool_use', input: {} }])
  })

  test('keeps blocks of a kind that is new as they came', () => {
    const strange = { type: 'hologram', shape: [1, 2] }
    const { response } = read([
      start(),
      ...block(0, strange, [{ type: 'hologram_delta', shape: 3 }]),
      ...end('end_turn'),
    ])
    expect(response?.content).toEqual([strange])
  })

  test('leaves out blank text, which the API would refuse to take back', () => {
    const { response } = read([start(), ...text(0, '\n\n'), ...call(1), ...text(2), ...end('tool_use')])
    expect(response?.content).toMatchObject([{ type: 'tool_use' }])
  })

  test('gives an answer without blocks', () => {
    expect(read([start(), ...end('end_turn')]).response).toMatchObject({ content: [], stopReason: 'end_turn' })
  })

  test.each([
    ['cut within its input', ['{"command":"rm -rf /tmp/x', ' y']],
    ['cut before its input', []],
    ['cut at the first brace', ['{']],
  ])('leaves out a call that max_tokens has %s', (_, parts) => {
    const { response } = read([start(), ...text(0, 'Well,'), ...call(1), ...call(2, { parts }), ...end('max_tokens')])
    expect(response).toMatchObject({ content: [{ text: 'Well,' }, { id: 'toolu_1' }], stopReason: 'max_tokens' })
    expect(response?.content).toHaveLength(2)
  })

  test('keeps a whole call in an answer that max_tokens has cut behind it', () => {
    const { response } = read([start(), ...call(0, { parts: ['{"command":"ls"}'] }), ...end('max_tokens')])
    expect(response?.content).toMatchObject([{ input: { command: 'ls' } }])
  })

  test('passes a stop reason on that is new', () => {
    expect(read([start(), ...text(0, 'x'), ...end('sunset')]).response?.stopReason).toBe('sunset')
  })

  test('gives the category and the explanation of a refusal', () => {
    const stop_details = { type: 'refusal', category: 'cyber', explanation: 'no' }
    const { response } = read([start(), ...end('refusal', { stop_details })])
    expect(response?.stopDetails).toEqual({ category: 'cyber', explanation: 'no' })
  })

  test('takes later counts for earlier ones, and no count for what is none', () => {
    const usage = { input_tokens: 3, output_tokens: 1, cache_read_input_tokens: 5, cache_creation_input_tokens: null }
    const delta = {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn' },
      usage: { output_tokens: 9, input_tokens: -1 },
    }
    const { response } = read([start(usage), delta, { type: 'message_stop' }])
    expect(response?.usage).toEqual({
      input_tokens: 3,
      output_tokens: 9,
      cache_read_input_tokens: 5,
      cache_creation_input_tokens: 0,
    })
  })

  const open = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }
  test.each<[string, readonly Event[], RegExp]>([
    ['a block before message_start', text(0, 'x'), /block 0 out of order/],
    ['a stop before message_start', [{ type: 'message_stop' }], /before the message was complete/],
    ['a second message_start', [start(), start()], /second message_start/],
    ['a first block with index 1', [start(), ...text(1, 'x')], /block 1 out of order/],
    ['an index that is taken', [start(), ...text(0, 'x'), ...text(0, 'y')], /block 0 out of order/],
    ['a block inside a block', [start(), open, { ...open, index: 1 }], /block 1 out of order/],
    ['a delta for a closed block', [start(), ...text(0, 'x'), ...text(0, 'y').slice(1)], /block 0, which is not open/],
    ['a delta for another block', [start(), open, ...text(1, 'y').slice(1)], /block 1, which is not open/],
    [
      'the end of a block that never began',
      [start(), { type: 'content_block_stop', index: 0 }],
      /block 0, which is not open/,
    ],
    [
      'a delta of another kind',
      [start(), ...block(0, { type: 'text', text: '' }, [{ type: 'input_json_delta', partial_json: '{}' }])],
      /does not fit text/,
    ],
    ['a delta that is none', [start(), ...block(0, { type: 'text', text: '' }, [7])], /does not fit text/],
    ['a text that is no string', [start(), ...block(0, { type: 'text', text: 7 })], /a block that is none/],
    ['a block without a type', [start(), ...block(0, {})], /a block that is none/],
    [
      'a call without an id',
      [start(), ...block(0, { type: 'tool_use', name: 'bash', input: {} })],
      /a block that is none/,
    ],
    ['a call of a name that cannot be sent back', [start(), ...call(0, { name: 'rm -rf' })], /a block that is none/],
    ['two calls with one id', [start(), ...call(0, { id: 'a' }), ...call(1, { id: 'a' })], /two calls with the id a/],
    ['an input that is no JSON', [start(), ...call(0, { parts: ['{"a":'] }), ...end('tool_use')], /not a JSON object/],
    ['an input that is a list', [start(), ...call(0, { parts: ['[1]'] }), ...end('tool_use')], /not a JSON object/],
    [
      'an input in which nothing is ever reached',
      [start(), ...call(0, { parts: ['{"a":', '['.repeat(9000), ']'.repeat(9000), '}'] }), ...end('tool_use')],
      /not a JSON object/,
    ],
    [
      'a broken call with another block behind it',
      [start(), ...call(0, { parts: ['{'] }), ...text(1, 'x'), ...end('max_tokens')],
      /not a JSON object/,
    ],
    ['a stop with an open block', [start(), open, ...end('end_turn')], /before the message was complete/],
    [
      'a stop without a stop reason',
      [start(), ...text(0, 'x'), { type: 'message_stop' }],
      /before the message was complete/,
    ],
    [
      'more blocks than anyone needs',
      [start(), ...Array.from({ length: 1001 }, (_, index) => text(index, 'x')).flat()],
      /more than 1000 blocks/,
    ],
  ])('calls %s garbled', (_, events, message) => {
    expect(() => read(events)).toThrow(
      expect.objectContaining({ kind: 'garbled', retryable: true, message: expect.stringMatching(message) }),
    )
  })

  test('reads back whatever text and input were streamed, in pieces of any size', () => {
    const pieces = fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 8 })
    fc.assert(
      fc.property(
        pieces,
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.integer({ min: 1, max: 9 }),
        (parts, input, size) => {
          const spelled = JSON.stringify(input)
          const cuts = Array.from({ length: Math.ceil(spelled.length / size) }, (_, n) =>
            spelled.slice(n * size, (n + 1) * size),
          )
          const { response, progress } = read([
            start(),
            ...text(0, 'a', ...parts),
            ...call(1, { parts: cuts }),
            ...end('tool_use'),
          ])
          expect(response?.content).toMatchObject([{ text: `a${parts.join('')}` }, { input: JSON.parse(spelled) }])
          const shown = progress.map((one) => (one.type === 'text' ? one.text : '')).join('')
          expect(shown).toBe(`a${parts.join('')}`)
        },
      ),
    )
  })

  test.each(answer('one', 'two').map((event, gap) => [event.type, gap] as const))(
    'gives an answer without its %s (event %i) only when that could not be seen',
    (type, gap) => {
      const rest = answer('one', 'two').filter((_, index) => index !== gap)
      let outcome: unknown
      try {
        outcome = read(rest).response?.stopReason
      } catch (error) {
        outcome = error instanceof ModelFailure && error.kind
      }
      const expected = { content_block_delta: 'end_turn', message_stop: undefined }
      expect(outcome).toBe(type in expected ? expected[type as keyof typeof expected] : 'garbled')
    },
  )
})
