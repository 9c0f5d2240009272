import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toEvents, toMessage } from '../../../src/model/demo/message-events.ts'
import { say, toTurn } from '../../../src/model/demo/turn.ts'
import { readEvent, startReading } from '../../../src/model/message-reader.ts'

const input = {
  input_tokens: 10,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
}
const about = { model: 'claude-sonnet-5-5', seed: 'request', input }

describe('a scripted message', () => {
  test('has ids of the API’s shape, which name the request', () => {
    const turn = toTurn([{ type: 'tool_use', name: 'bash', input: {} }])
    const { id, content } = toMessage(turn, about)
    expect(id).toMatch(/^msg_01[a-zA-Z0-9]{22}$/)
    expect(content).toMatchObject([{ id: expect.stringMatching(/^toolu_01[a-zA-Z0-9]{22}$/) }])
    expect(toMessage(turn, about).id).toBe(id)
    expect(toMessage(turn, { ...about, seed: 'another' }).id).not.toBe(id)
  })

  test('counts output by its length, and never none', () => {
    const output = (text: string) => toMessage(say(text), about).usage.output_tokens
    expect(output('x'.repeat(4000)) - output('x')).toBe(1000)
    expect(toMessage(toTurn([]), about).usage.output_tokens).toBe(1)
  })

  test('starts without content and without an end', () => {
    expect(toEvents(toMessage(say('hi'), about))[0]).toMatchObject({
      type: 'message_start',
      message: { content: [], stop_reason: null, usage: { input_tokens: 10, output_tokens: 1 } },
    })
  })

  test('streams what the reader of answers reads back', { timeout: 60_000 }, () => {
    const block = fc.oneof(
      fc.string({ unit: 'grapheme' }).map((text) => ({ type: 'text' as const, text: `a${text}` })),
      fc.string().map((thinking) => ({ type: 'thinking' as const, thinking })),
      fc
        .dictionary(fc.string(), fc.string({ unit: 'binary' }), { noNullPrototype: true })
        .map((value) => ({ type: 'tool_use' as const, name: 'bash', input: value })),
      fc.record({ query: fc.string() }).map((query) => ({
        type: 'server_tool_use' as const,
        name: 'web_search' as const,
        input: query,
        isLeft: false,
        result: { type: 'web_search_tool_result' as const, content: [] },
      })),
      fc.constant({
        type: 'server_tool_result' as const,
        id: 'srvtoolu_1',
        result: {
          type: 'web_fetch_tool_result' as const,
          content: { type: 'web_fetch_tool_result_error' as const, error_code: 'unavailable' as const },
        },
      }),
    )
    fc.assert(
      fc.property(fc.array(block, { maxLength: 6 }), (blocks) => {
        const message = toMessage(toTurn(blocks), about)
        const reading = startReading(() => {})
        const answers = toEvents(message).map((event) => readEvent(reading, JSON.stringify(event)))
        const { output_tokens } = message.usage
        expect(answers.at(-1)).toMatchObject({
          stopReason: message.stop_reason,
          usage: { input_tokens: 10, output_tokens },
        })
        expect(answers.at(-1)?.content).toEqual(message.content)
      }),
    )
  })
})
