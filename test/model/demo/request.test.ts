import { describe, expect, test } from 'vitest'
import { signThinking } from '../../../src/model/demo/block.ts'
import { readRequest } from '../../../src/model/demo/request.ts'

type Json = Readonly<Record<string, unknown>>

const tool = { name: 'bash', input_schema: { type: 'object' } }
const hello = { role: 'user', content: 'Hello' }
const use = (id: string) => ({ type: 'tool_use', id, name: 'bash', input: {} })
const result = (id: string) => ({ type: 'tool_result', tool_use_id: id, content: 'ok' })
const calls = (...ids: readonly string[]) => ({ role: 'assistant', content: ids.map(use) })
const answers = (...ids: readonly string[]) => ({ role: 'user', content: ids.map(result) })
const saying = (content: unknown) => ({ messages: [{ role: 'user', content }] })
const cached = (n: number) =>
  Array.from({ length: n }, () => ({ type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }))

function body(over: Json = {}): Json {
  return { model: 'claude-sonnet-5-5', max_tokens: 10, tools: [tool], messages: [hello], ...over }
}

describe('a request that the demo model accepts', () => {
  test.each<[string, Json]>([
    ['the least', { tools: undefined }],
    ['a system prompt as a text', { system: 'Be brief.' }],
    ['a system prompt in blocks', { system: cached(2) }],
    ['an empty system prompt', { system: '' }],
    [
      'several messages of one role',
      { messages: [hello, hello, { role: 'assistant', content: 'a' }, { role: 'assistant', content: 'b' }, hello] },
    ],
    ['results split over two messages', { messages: [hello, calls('a', 'b'), answers('a'), answers('b')] }],
    ['results in another order', { messages: [hello, calls('a', 'b'), answers('b', 'a')] }],
    [
      'a text behind the results',
      { messages: [hello, calls('a'), { role: 'user', content: [result('a'), { type: 'text', text: 'and?' }] }] },
    ],
    ['an empty final assistant message', { messages: [hello, { role: 'assistant', content: [] }] }],
    [
      'its own thinking',
      {
        messages: [
          hello,
          { role: 'assistant', content: [{ type: 'thinking', thinking: 'hm', signature: signThinking('hm') }] },
          hello,
        ],
      },
    ],
    ['four breakpoints', { system: cached(2), messages: [{ role: 'user', content: cached(2) }] }],
    [
      'a breakpoint of an hour',
      { system: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral', ttl: '1h' } }] },
    ],
    ['an image', saying([{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: '' } }])],
    ['a choice of tool', { tool_choice: { type: 'tool', name: 'bash' } }],
    ['thinking with a budget', { max_tokens: 2000, thinking: { type: 'enabled', budget_tokens: 1024 } }],
    [
      'a system message behind the user’s',
      { messages: [hello, { role: 'system', content: 'x' }, { role: 'assistant', content: 'y' }, hello] },
    ],
    [
      'a system message behind results',
      { messages: [hello, calls('a'), answers('a'), { role: 'system', content: [{ type: 'text', text: 'x' }] }] },
    ],
    ['a speed', { model: 'claude-opus-5-5', speed: 'fast' }],
    ['the usual speed', { speed: 'standard' }],
    ['adaptive thinking and effort', { thinking: { type: 'adaptive' }, output_config: { effort: 'max' } }],
  ])('has %s', (_, over) => {
    expect(readRequest(body(over)).messages.length).toBeGreaterThan(0)
  })

  test('has a speed in preview by its token', () => {
    const request = body({ model: 'claude-opus-4-8', speed: 'fast' })
    expect(readRequest(request, ['fast-mode-2026-02-01']).speed).toBe('fast')
    expect(readRequest(body()).speed).toBeNull()
  })

  test('has its texts as blocks', () => {
    expect(readRequest(body({ system: 'Be brief.' }))).toMatchObject({
      system: [{ type: 'text', text: 'Be brief.' }],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
    })
  })
})

describe('a request that the demo model refuses', () => {
  test.each<[string, unknown, RegExp]>([
    ['a list', [], /not a JSON object/],
    ['an unknown field', body({ session: 'x' }), /^session: Extra inputs/],
    ['no model', body({ model: undefined }), /^model: Field required/],
    ['an empty model', body({ model: '' }), /^model: /],
    ['no max_tokens', body({ max_tokens: undefined }), /^max_tokens: Field required/],
    ['max_tokens 0', body({ max_tokens: 0 }), /^max_tokens: .*greater than 0/],
    ['max_tokens −1', body({ max_tokens: -1 }), /^max_tokens/],
    ['half a token', body({ max_tokens: 1.5 }), /^max_tokens: .*integer/],
    ['a stream that is no boolean', body({ stream: 'yes' }), /^stream/],
    ['an unknown kind of thinking', body({ thinking: { type: 'deep' } }), /^thinking/],
    ['a small thinking budget', body({ thinking: { type: 'enabled', budget_tokens: 10 } }), /budget_tokens/],
    [
      'a thinking budget without room',
      body({ thinking: { type: 'enabled', budget_tokens: 1024 } }),
      /must be greater than/,
    ],
    ['an unknown effort', body({ output_config: { effort: 'some' } }), /^output_config.effort/],
    ['a system prompt that is an image', body({ system: [{ type: 'image', source: {} }] }), /^system/],
    ['tools that are no list', body({ tools: {} }), /^tools/],
    ['a tool that is none', body({ tools: ['bash'] }), /^tools.0/],
    ['a tool name with a space', body({ tools: [{ ...tool, name: 'my tool' }] }), /^tools.0.custom.name/],
    ['two tools of one name', body({ tools: [tool, tool] }), /must be unique/],
    ['a tool without a schema', body({ tools: [{ name: 'bash' }] }), /input_schema: Field required/],
    [
      'a tool whose input is a string',
      body({ tools: [{ name: 'bash', input_schema: { type: 'string' } }] }),
      /input_schema.type/,
    ],
    ['an unknown tool_choice', body({ tool_choice: { type: 'some' } }), /^tool_choice/],
    ['tool_choice without tools', body({ tools: undefined, tool_choice: { type: 'auto' } }), /only be specified while/],
    ['a choice of a tool that is not there', body({ tool_choice: { type: 'tool', name: 'x' } }), /'x' not found/],
    ['no messages', body({ messages: [] }), /^messages: at least one/],
    ['messages missing', body({ messages: undefined }), /^messages: Field required/],
    ['a message that is a string', body({ messages: ['hi'] }), /^messages.0/],
    [
      'an assistant first',
      body({ messages: [{ role: 'assistant', content: 'hi' }, hello] }),
      /first message must use the "user" role/,
    ],
    [
      'a system message for a model that takes none',
      body({ model: 'claude-sonnet-5', messages: [hello, { role: 'system', content: 'x' }] }),
      /^role 'system' is not supported on this model/,
    ],
    ['a system message first', body({ messages: [{ role: 'system', content: 'x' }, hello] }), /top-level 'system'/],
    [
      'a system message behind an answer',
      body({ messages: [hello, { role: 'assistant', content: 'x' }, { role: 'system', content: 'x' }] }),
      /^messages.2: a system message must follow a user message/,
    ],
    [
      'a system message before the user’s',
      body({ messages: [hello, { role: 'system', content: 'x' }, hello] }),
      /^messages.1: a system message/,
    ],
    [
      'a system message between a call and its result',
      body({ messages: [hello, calls('a'), { role: 'system', content: 'x' }, answers('a')] }),
      /^messages.2: a system message/,
    ],
    [
      'an image in a system message',
      body({ messages: [hello, { role: 'system', content: [{ type: 'image', source: {} }] }] }),
      /`image` blocks cannot be in `system` messages/,
    ],
    ['an unknown speed', body({ speed: 'slow' }), /^speed: /],
    ['a speed that its model has not', body({ speed: 'fast' }), /does not support fast mode/],
    ['a speed that is in preview', body({ model: 'claude-opus-5', speed: 'fast' }), /^speed: Extra inputs/],
    ['an unknown role', body({ messages: [{ role: 'tool', content: 'x' }] }), /^messages.0.role/],
    ['no content', body({ messages: [{ role: 'user' }] }), /content: Field required/],
    ['empty content', body(saying([])), /must have non-empty content/],
    ['empty content as a string', body(saying('')), /must have non-empty content/],
    [
      'an empty assistant message in the middle',
      body({ messages: [hello, { role: 'assistant', content: [] }, hello] }),
      /must have non-empty content/,
    ],
    ['a final assistant message', body({ messages: [hello, { role: 'assistant', content: 'The' }] }), /prefill/],
    ['an empty text', body(saying([{ type: 'text', text: '' }])), /must be non-empty/],
    ['a blank text', body(saying([{ type: 'text', text: ' \n' }])), /non-whitespace/],
    [
      'an empty text in a result',
      body({
        messages: [
          hello,
          calls('a'),
          { role: 'user', content: [{ ...result('a'), content: [{ type: 'text', text: '' }] }] },
        ],
      }),
      /must be non-empty/,
    ],
    ['an unknown block', body(saying([{ type: 'hologram' }])), /does not match any/],
    [
      'a block with a field of ours',
      body(saying([{ type: 'text', text: 'x', sevt: 1 }])),
      /content.0.text.sevt: Extra inputs/,
    ],
    ['a call by the user', body(saying([use('a')])), /`tool_use` blocks cannot be in `user`/],
    [
      'a result by the assistant',
      body({ messages: [hello, { role: 'assistant', content: [result('a')] }] }),
      /cannot be in `assistant`/,
    ],
    [
      'forged thinking',
      body({
        messages: [
          hello,
          { role: 'assistant', content: [{ type: 'thinking', thinking: 'ha', signature: signThinking('hm') }] },
          hello,
        ],
      }),
      /Invalid `signature`/,
    ],
    [
      'a call whose input is a text',
      body({ messages: [hello, { role: 'assistant', content: [{ ...use('a'), input: '{}' }] }, answers('a')] }),
      /input: Input should be an object/,
    ],
    ['a call with a strange id', body({ messages: [hello, calls('a b'), answers('a b')] }), /id: String should match/],
    [
      'a call without a result',
      body({ messages: [hello, calls('a', 'b'), answers('a')] }),
      /without `tool_result` blocks immediately after: b/,
    ],
    ['a call at the end', body({ messages: [hello, calls('a')] }), /without `tool_result` blocks/],
    [
      'a result too late',
      body({ messages: [hello, calls('a'), hello, { role: 'assistant', content: 'x' }, answers('a')] }),
      /without `tool_result` blocks/,
    ],
    [
      'a result without a call',
      body({ messages: [hello, { role: 'assistant', content: 'x' }, answers('a')] }),
      /unexpected `tool_use_id`/,
    ],
    ['a result in the first message', body({ messages: [answers('a')] }), /unexpected `tool_use_id`/],
    ['a result given twice', body({ messages: [hello, calls('a'), answers('a', 'a')] }), /single result/],
    [
      'a text before a result',
      body({ messages: [hello, calls('a'), { role: 'user', content: [{ type: 'text', text: 'x' }, result('a')] }] }),
      /must come before all other content/,
    ],
    [
      'an id used twice',
      body({ messages: [hello, calls('a'), answers('a'), calls('a'), answers('a')] }),
      /ids must be unique/,
    ],
    [
      'calls without tools',
      body({ tools: undefined, messages: [hello, calls('a'), answers('a')] }),
      /must define tools/,
    ],
    [
      'five breakpoints',
      body({ system: cached(3), messages: [{ role: 'user', content: cached(2) }] }),
      /maximum of 4 blocks.* Found 5/,
    ],
    [
      'an unknown breakpoint',
      body(saying([{ type: 'text', text: 'x', cache_control: { type: 'for ever' } }])),
      /cache_control/,
    ],
    [
      'a breakpoint of a day',
      body(saying([{ type: 'text', text: 'x', cache_control: { type: 'ephemeral', ttl: '1d' } }])),
      /ttl/,
    ],
  ])('has %s', (_, refused, message) => {
    expect(() => readRequest(refused)).toThrow(
      expect.objectContaining({ status: 400, type: 'invalid_request_error', message: expect.stringMatching(message) }),
    )
  })
})
