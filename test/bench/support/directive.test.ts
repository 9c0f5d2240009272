import { describe, expect, test } from 'vitest'
import { currentHarness } from '../../../src/model/harness.ts'
import { lengthsOf, toTask, toText } from '../../../bench/support/directive.ts'

const asked = { role: 'assistant', content: [{ type: 'tool_use' }, { type: 'tool_use' }] }
const answered = { role: 'user', content: [{ type: 'tool_result' }, { type: 'tool_result' }] }

function told(directive: Parameters<typeof toText>[0]) {
  return { role: 'user', content: [{ type: 'text', text: toText(directive) }] }
}

describe('directive', () => {
  test('asks for its tools together, round by round, then answers', () => {
    const messages = [told({ tag: 'a', tools: 2, rounds: 2 })]
    const steps = [messages, [...messages, asked, answered], [...messages, asked, answered, asked, answered]]
    expect(steps.map((conversation) => toTask({ messages: conversation }))).toMatchObject([
      { tag: 'a', step: 0, turn: { stopReason: 'tool_use', blocks: [{ name: 'bash' }, { name: 'bash' }] } },
      { tag: 'a', step: 1, turn: { stopReason: 'tool_use' } },
      { tag: 'a', step: 2, turn: { stopReason: 'end_turn', blocks: [{ type: 'text' }] } },
    ])
  })

  test('says words before its tools where it is to', () => {
    const { turn } = toTask({ messages: [told({ tag: 'a', tools: 1, preface: 2 })] })
    expect(turn.blocks).toMatchObject([{ type: 'text', text: 'word0 word1' }, { type: 'tool_use' }])
  })

  test.each([
    { waitsOnce: true, waits: [500, 0] },
    { waitsOnce: false, waits: [500, 500] },
  ])('waits before its answers: once $waitsOnce', ({ waitsOnce, waits }) => {
    const messages = [told({ tag: 'a', tools: 1, waitMs: 500, waitsOnce })]
    const steps = [messages, [...messages, asked, answered]]
    expect(steps.map((conversation) => toTask({ messages: conversation }).waitMs)).toEqual(waits)
  })

  test('counts the rounds of the last turn alone', () => {
    const messages = [told({ tag: 'a', tools: 1 }), asked, answered, told({ tag: 'b' })]
    expect(toTask({ messages })).toMatchObject({ tag: 'b', step: 0, turn: { stopReason: 'end_turn' } })
  })

  test('refuses a conversation without one', () => {
    expect(() => toTask({ messages: [{ role: 'user', content: 'hello' }] })).toThrow('no directive')
  })

  test('makes the message and the answer as long as it says', () => {
    const directive = { tag: 'a', tools: 1, length: 500 }
    expect(toText(directive)).toHaveLength(500)
    const { turn } = toTask({ messages: [told(directive), asked, answered] })
    const [block] = turn.blocks
    expect(block?.type === 'text' && block.text).toMatch(/^word0 word1 [\w ]{488}$/)
  })

  test('stands whole in a message that should be shorter', () => {
    expect(toTask({ messages: [told({ tag: 'a'.repeat(40), length: 10 })] }).tag).toBe('a'.repeat(40))
  })

  test('answers a request for a summary with text, as a step of its own', () => {
    const text = currentHarness.context?.prompt ?? ''
    const messages = [told({ tag: 'a', tools: 1 }), { role: 'user', content: [{ type: 'text', text }] }]
    expect(toTask({ messages })).toMatchObject({ tag: 'a', step: 'summary', turn: { blocks: [{ type: 'text' }] } })
  })

  test('gives the text’s length up to the end of each word’s delta', () => {
    const { turn } = toTask({ messages: [told({ tag: 'a', words: 12 })] })
    const [block] = turn.blocks
    const text = block?.type === 'text' ? block.text : ''
    expect(lengthsOf(12)).toHaveLength(12)
    expect(lengthsOf(12).at(-1)).toBe(text.length)
    expect(text.slice(0, lengthsOf(12)[1])).toBe('word0 word1 ')
  })
})
