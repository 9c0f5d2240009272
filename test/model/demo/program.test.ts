import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DemoMessage } from '../../../src/model/demo/conversation.ts'
import type { Turn } from '../../../src/model/demo/turn.ts'
import { answerProgram } from '../../../src/model/demo/program.ts'
import { assistant, results, user } from './conversation-builders.ts'

const texts = (turn: Turn | undefined) => turn?.blocks.map((block) => (block.type === 'text' ? block.text : block.type))

/** Plays a conversation to its end; `arrivals[n]` comes with the results of the n-th step. */
function play(first: string, arrivals: Readonly<Record<number, string>> = {}): readonly Turn[] {
  const messages: DemoMessage[] = [user(first)]
  const turns: Turn[] = []
  for (let turn = answerProgram(messages); turn; turn = answerProgram(messages)) {
    turns.push(turn)
    const message = assistant(turn, messages.length * 100)
    const arrival = arrivals[turns.length]
    messages.push(message)
    if (turn.stopReason === 'tool_use') messages.push(results(message, []))
    if (arrival !== undefined) messages.push(user(arrival))
    if (turn.stopReason !== 'tool_use' && arrival === undefined) break
  }
  return turns
}

describe('a line of a program', () => {
  test.each<[string, Partial<Turn>]>([
    ['SAY two words', { blocks: [{ type: 'text', text: 'two words' }], stopReason: 'end_turn' }],
    ['SAY "a\\nb"', { blocks: [{ type: 'text', text: 'a\nb' }] }],
    ['THINK hard', { blocks: [{ type: 'thinking', thinking: 'hard' }] }],
    [
      'TOOL bash {"command":"ls -l"}',
      { blocks: [{ type: 'tool_use', name: 'bash', input: { command: 'ls -l' } }], stopReason: 'tool_use' },
    ],
    ['TOOL wait', { blocks: [{ type: 'tool_use', name: 'wait', input: {} }] }],
    ['SLEEP 250\nSLEEP 50\nSAY x', { waitMs: 300, blocks: [{ type: 'text', text: 'x' }] }],
    [
      'FAIL 529 x2\nSAY x',
      {
        faults: [
          { do: 'status', status: 529 },
          { do: 'status', status: 529 },
        ],
      },
    ],
    ['FAIL 429 retry-after=1', { faults: [{ do: 'status', status: 429, retryAfter: '1' }] }],
    [
      'FAIL 429 retry-after=1 x2',
      {
        faults: [
          { do: 'status', status: 429, retryAfter: '1' },
          { do: 'status', status: 429, retryAfter: '1' },
        ],
      },
    ],
    [
      'ERROR overloaded_error\nGARBAGE\nCUT x2\nSTALL',
      {
        faults: [
          { do: 'error', type: 'overloaded_error' },
          { do: 'garbage' },
          { do: 'cut' },
          { do: 'cut' },
          { do: 'stall' },
        ],
      },
    ],
    ['REFUSE', { blocks: [], stopReason: 'refusal', explanation: null, category: null }],
    ['REFUSE category=cyber not that', { stopReason: 'refusal', explanation: 'not that', category: 'cyber' }],
    ['REFUSE category=bio', { stopReason: 'refusal', explanation: null, category: 'bio' }],
    ['SAY so f\nFULL', { blocks: [{ type: 'text', text: 'so f' }], stopReason: 'model_context_window_exceeded' }],
    [
      'SAY well\nREFUSE not that',
      { blocks: [{ type: 'text', text: 'well' }], stopReason: 'refusal', explanation: 'not that' },
    ],
    ['SAY and so on and\nMAX_TOKENS', { blocks: [{ type: 'text', text: 'and so on and' }], stopReason: 'max_tokens' }],
    [
      'SEARCH two words\nFETCH https://a.com/b\nSAY x',
      {
        blocks: [
          { type: 'server_tool_use', name: 'web_search', input: { query: 'two words' }, isLeft: false },
          { type: 'server_tool_use', name: 'web_fetch', input: { url: 'https://a.com/b' }, isLeft: false },
          { type: 'text', text: 'x' },
        ],
        stopReason: 'end_turn',
      },
    ],
    [
      'SEARCH a\nSEARCH b\nPAUSE',
      {
        blocks: [
          { type: 'server_tool_use', name: 'web_search', input: { query: 'a' }, isLeft: false },
          { type: 'server_tool_use', name: 'web_search', input: { query: 'b' }, isLeft: true },
        ],
        stopReason: 'pause_turn',
      },
    ],
    ['SAY so far\nPAUSE', { blocks: [{ type: 'text', text: 'so far' }], stopReason: 'pause_turn' }],
    [
      'PARALLEL 2\nTOOL bash\nSEARCH a',
      {
        blocks: [
          { type: 'tool_use', name: 'bash', input: {} },
          { type: 'server_tool_use', name: 'web_search', input: { query: 'a' }, isLeft: true },
        ],
        stopReason: 'tool_use',
      },
    ],
    ['\n# a note\n  SAY x  \n', { blocks: [{ type: 'text', text: 'x' }] }],
    ['', { blocks: [{ type: 'text', text: 'Done.' }], stopReason: 'end_turn' }],
    ['FAIL 500', { blocks: [{ type: 'text', text: 'Done.' }] }],
  ])('%j does what it says', (program, turn) => {
    expect(answerProgram([user(`#program\n${program}`)])).toMatchObject(turn)
  })

  test.each([
    ['JUMP', 'line 2, JUMP: unknown word'],
    ['SAY hi\nSAY', 'line 3, SAY: expected a text'],
    ['SAY "hi', 'line 2, SAY: expected a JSON string'],
    ['TOOL', 'line 2, TOOL: expected a name'],
    ['TOOL bash ls', 'line 2, TOOL: expected a name and a JSON object'],
    ['SEARCH', 'line 2, SEARCH: expected a text'],
    ['SLEEP long', 'line 2, SLEEP: expected a number'],
    ['FAIL', 'line 2, FAIL: expected a status'],
    ['FAIL 200', 'line 2, FAIL: expected a status'],
    ['ERROR', 'line 2, ERROR: expected a type'],
    ['PARALLEL 2\nTOOL a', 'line 2, PARALLEL: 2 TOOL lines must follow'],
    ['PARALLEL 2\nTOOL a\nSAY x', 'line 2, PARALLEL: 2 TOOL lines must follow'],
  ])('%j is refused by name', (program, message) => {
    const refusal = expect.objectContaining({ status: 400, message: expect.stringContaining(message) })
    expect(() => answerProgram([user(`#program\n${program}`)])).toThrow(refusal)
  })
})

describe('a program', () => {
  test('is done step by step, each step up to its tool calls', () => {
    const turns = play('#program\nSAY a\nTOOL one\nPARALLEL 2\nTOOL two\nTOOL three\nTHINK hm\nSAY b\nSAY c')
    expect(turns.map(texts)).toEqual([
      ['a', 'tool_use'],
      ['tool_use', 'tool_use'],
      ['thinking', 'b', 'c'],
    ])
  })

  test('that ends with a tool call ends with a word', () => {
    expect(play('#program\nTOOL one').map(texts)).toEqual([['tool_use'], ['Done.']])
  })

  test('that arrives on the way is done after the one before it', () => {
    const turns = play('#program\nTOOL one\nSAY a\nTOOL two\nSAY b', { 1: '#program\nSAY c' })
    expect(turns.map(texts)).toEqual([['tool_use'], ['a', 'tool_use'], ['b', 'c']])
  })

  test('that says `now` takes the place of those before it', () => {
    const turns = play('#program\nTOOL one\nSAY a', { 1: '#program now\nSAY c' })
    expect(turns.map(texts)).toEqual([['tool_use'], ['c']])
  })

  test('goes on past a message that is no program', () => {
    expect(play('#program\nTOOL one\nSAY a', { 1: 'Also this.' }).map(texts)).toEqual([['tool_use'], ['a']])
  })

  test('stands in a message beside other texts', () => {
    expect(texts(answerProgram([user('Look:', '#program\nSAY a')]))).toEqual(['a'])
  })

  test('that is over leaves other messages to other scripts', () => {
    const first = user('#program\nSAY a')
    expect(answerProgram([first, assistant({ ...play('#program\nSAY a')[0] } as Turn), user('Hello')])).toBeUndefined()
    expect(answerProgram([user('Hello')])).toBeUndefined()
    expect(answerProgram([user('a #program')])).toBeUndefined()
  })

  test('says everything once and in order, wherever the next program arrives', () => {
    const word = fc.stringMatching(/^[a-z]{1,6}$/)
    const line = fc.oneof(
      word.map((text) => `SAY ${text}`),
      fc.constant('TOOL t'),
    )
    const program = fc.array(line, { maxLength: 8 })
    fc.assert(
      fc.property(program, program, fc.integer({ min: 1, max: 4 }), (one, two, step) => {
        const both = [...one, ...two].filter((text) => text.startsWith('SAY')).map((text) => text.slice(4))
        const turns = play(['#program', ...one].join('\n'), { [step]: ['#program', ...two].join('\n') })
        const said = turns
          .flatMap((turn) => texts(turn) ?? [])
          .filter((text) => text !== 'tool_use' && text !== 'Done.')
        const arrived = turns.length >= step
        expect(said).toEqual(arrived ? both : one.filter((text) => text.startsWith('SAY')).map((text) => text.slice(4)))
      }),
    )
  })
})
