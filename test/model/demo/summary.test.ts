import { describe, expect, test } from 'vitest'
import type { DemoMessage } from '../../../src/model/demo/conversation.ts'
import { answerProgram } from '../../../src/model/demo/program.ts'
import { answerSummary } from '../../../src/model/demo/summary.ts'
import { currentHarness } from '../../../src/model/harness.ts'
import { assistant, results, user } from './conversation-builders.ts'

const PROMPT = user(currentHarness.context?.prompt ?? '')
const PROGRAM = [
  '#program',
  'SAY "a\\nb"',
  'TOOL bash {"command":"ls -l"}',
  'SLEEP 5',
  'FAIL 529 x2 retry-after=1',
  'PARALLEL 2',
  'TOOL read {"file_path":"a"}',
  'TOOL wait',
  'THINK hard',
  'REFUSE not that',
].join('\n')

function sum(...messages: readonly DemoMessage[]): string {
  const [block] = answerSummary([...messages, PROMPT])?.blocks ?? []
  return block?.type === 'text' ? block.text : ''
}

/** Plays a conversation to its end, with a summary after the n-th step; answers the steps. */
function play(first: string, summaryAfter: number): readonly unknown[] {
  let messages: DemoMessage[] = [user(first)]
  const turns: unknown[] = []
  for (let step = 1; ; step++) {
    const turn = answerProgram(messages)
    if (!turn || step > 9) return turns
    turns.push(turn)
    const message = assistant(turn, step * 100)
    messages.push(message)
    if (turn.stopReason !== 'tool_use') return turns
    messages.push(results(message, []))
    if (step === summaryAfter) messages = [user('So far:', sum(...messages))]
  }
}

describe('the demo model’s summary', () => {
  test('is given when it is asked for, and only then', () => {
    expect(answerSummary([user('hello')])).toBeUndefined()
    expect(sum(user('hello'))).toBe('A conversation of 0 messages, nothing left to do.')
  })

  test.each([1, 2])('after step %i lets the program go on as if there had been none', (after) => {
    expect(play(PROGRAM, after)).toEqual(play(PROGRAM, 9))
    expect(play(PROGRAM, after)).toHaveLength(3)
  })

  test('leaves out what will be said again behind it', () => {
    const turn = answerProgram([user('#program\nSAY one')])
    if (!turn) throw new Error('expected an answer')
    const done = [user('#program\nSAY one'), assistant(turn)]
    expect(sum(...done, user('#program\nSAY two'))).toBe('A conversation of 2 messages, nothing left to do.')
  })
})
