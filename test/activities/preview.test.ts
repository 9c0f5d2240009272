import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toEntries } from '../../src/activities/answer.ts'
import { createAnswerPreview } from '../../src/activities/preview.ts'
import { readEvent, startReading } from '../../src/model/message-reader.ts'
import type { ModelProgress, ModelResponse } from '../../src/model/model.ts'
import type { DeltaPart } from '../../src/store/deltas.ts'
import { block, call, end, start, text } from '../model/stream-text.ts'
import { agentWith } from './agent.ts'

function preview() {
  let minted = 0
  return createAnswerPreview(() => `e${++minted}`)
}

function shown(...progress: readonly ModelProgress[]): readonly DeltaPart[] {
  const { take } = preview()
  return progress.flatMap(take)
}

const begin = (
  index: number,
  of: ModelProgress & { type: 'block' } extends { of: infer Of } ? Of : never,
): ModelProgress => ({
  type: 'block',
  index,
  of,
})
const say = (index: number, piece: string): ModelProgress => ({ type: 'text', index, text: piece })
const message = (id: string): DeltaPart => ({ type: 'start', of: 'agent.message', id })
const thinking = (id: string): DeltaPart => ({ type: 'start', of: 'agent.thinking', id })
const fragment = (id: string, index: number, piece: string): DeltaPart => ({ type: 'text', id, index, text: piece })

describe('a preview', () => {
  test.each<{ name: string; progress: readonly ModelProgress[]; parts: readonly DeltaPart[] }>([
    {
      name: 'begins a message with its first text and not with its block',
      progress: [begin(0, 'text'), say(0, 'one '), say(0, 'two')],
      parts: [message('e1'), fragment('e1', 0, 'one '), fragment('e1', 0, 'two')],
    },
    { name: 'shows nothing of an empty block', progress: [begin(0, 'text')], parts: [] },
    {
      name: 'counts neighbouring texts as blocks of one message',
      progress: [begin(0, 'text'), say(0, 'a'), begin(1, 'text'), say(1, 'b')],
      parts: [message('e1'), fragment('e1', 0, 'a'), fragment('e1', 1, 'b')],
    },
    {
      name: 'does not count a blank block',
      progress: [
        begin(0, 'text'),
        say(0, ' '),
        begin(1, 'text'),
        say(1, 'a'),
        begin(2, 'text'),
        say(2, '\n'),
        begin(3, 'text'),
        say(3, 'b'),
      ],
      parts: [message('e1'), fragment('e1', 0, 'a'), fragment('e1', 1, 'b')],
    },
    {
      name: 'holds blanks back until something stands behind them, and then gives them whole',
      progress: [begin(0, 'text'), say(0, '\n'), say(0, ' \t'), say(0, ' a'), say(0, ' '), say(0, 'b')],
      parts: [message('e1'), fragment('e1', 0, '\n \t a'), fragment('e1', 0, ' '), fragment('e1', 0, 'b')],
    },
    {
      name: 'tells of thinking by its start alone, also when it is redacted',
      progress: [begin(0, 'thinking'), begin(1, 'redacted_thinking')],
      parts: [thinking('e1'), thinking('e2')],
    },
    {
      name: 'begins another message behind anything that is no text',
      progress: [
        begin(0, 'text'),
        say(0, 'a'),
        begin(1, 'tool_use'),
        begin(2, 'text'),
        say(2, 'b'),
        begin(3, 'thinking'),
        begin(4, 'text'),
        say(4, 'c'),
      ],
      parts: [
        message('e1'),
        fragment('e1', 0, 'a'),
        message('e2'),
        fragment('e2', 0, 'b'),
        thinking('e3'),
        message('e4'),
        fragment('e4', 0, 'c'),
      ],
    },
  ])('$name', ({ progress, parts }) => {
    expect(shown(...progress)).toEqual(parts)
  })
})

describe('what was previewed', () => {
  const piece = fc.constantFrom('', ' ', '\n', 'a', 'b c', '😀', ' d')
  const blocks = fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.array(piece, { maxLength: 4 }).map((parts) => (index: number) => text(index, ...parts)),
      },
      fc.constant((index: number) => call(index)),
      fc.constant((index: number) => call(index, { parts: ['{"cut":'] })),
      fc.constant((index: number) => block(index, { type: 'thinking', thinking: '', signature: '' })),
      fc.constant((index: number) => block(index, { type: 'redacted_thinking', data: 'x' })),
      fc.constant((index: number) => block(index, { type: 'hologram' })),
      fc.constant((index: number) =>
        block(index, { type: 'server_tool_use', id: 's1', name: 'web_search', input: {} }),
      ),
      fc.constant((index: number) => block(index, { type: 'web_search_tool_result', tool_use_id: 's1', content: [] })),
    ),
    { maxLength: 7 },
  )

  test('stands in the log under its id, as a prefix wherever the answer breaks off and as the whole in the end', () => {
    let compared = 0
    fc.assert(
      fc.property(blocks, fc.constantFrom('end_turn', 'max_tokens'), (makers, reason) => {
        const { take, announced } = preview()
        const parts: DeltaPart[] = []
        const reading = startReading((progress) => parts.push(...take(progress)))
        let response: ModelResponse | undefined
        try {
          for (const event of [start(), ...makers.flatMap((make, index) => make(index)), ...end(reason)])
            response = readEvent(reading, JSON.stringify(event))
        } catch {
          return
        }
        if (!response) throw new Error('expected an answer')
        compared += 1
        const entries = toEntries({
          agent: agentWith(),
          harness: 'h1',
          request: 'r1',
          response,
          offered: [],
          messages: [],
          announced,
          mint: () => 'new',
        })
        const logged = entries.filter(({ type }) => type === 'agent.message' || type === 'agent.thinking')
        expect(logged).toEqual(toLog(parts))
      }),
    )
    expect(compared).toBeGreaterThan(20)
  })

  test('never lends its id to an event of another type', () => {
    const response: ModelResponse = {
      content: [{ type: 'text', text: 'a', citations: null }],
      stopReason: 'end_turn',
      stopDetails: null,
      usage: { input_tokens: 1, output_tokens: 1, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
    }
    const announced = [{ of: 'agent.thinking', id: 'e1' }] as const
    const entries = toEntries({
      agent: agentWith(),
      harness: 'h1',
      request: 'r1',
      response,
      offered: [],
      messages: [],
      announced,
      mint: () => 'new',
    })
    expect(entries[1]).toMatchObject({ type: 'agent.message', id: 'new' })
  })
})

/** The events that the parts of a whole preview add up to. */
function toLog(parts: readonly DeltaPart[]): readonly object[] {
  return parts.flatMap((part): readonly object[] => {
    if (part.type === 'text') return []
    if (part.of === 'agent.thinking') return [{ type: part.of, id: part.id }]
    const texts: string[] = []
    for (const other of parts)
      if (other.type === 'text' && other.id === part.id) texts[other.index] = (texts[other.index] ?? '') + other.text
    return [{ type: part.of, id: part.id, content: texts.map((one) => ({ type: 'text', text: one })) }]
  })
}
