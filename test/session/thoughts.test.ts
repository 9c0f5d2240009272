import { describe, expect, test } from 'vitest'
import type { LogEntry, Manner } from '../../src/session/transcript.ts'
import { transcript } from '../../src/session/transcript.ts'
import { answerEntries, message, resultEntry } from '../support/session-builders.ts'

const BOUND: Manner = { boundThoughts: true }

/** A step of thoughts and a call, asked with a configuration. */
function step(name: string, configuration?: string): readonly LogEntry[] {
  const thought = { type: 'thinking' as const, thinking: name, signature: name }
  const hidden = { type: 'redacted_thinking' as const, data: name }
  const entries = answerEntries({ request: name, calls: [[`c-${name}`, 'allow']] }).map((entry) =>
    entry.type === 'log.assistant'
      ? { ...entry, content: [thought, hidden, ...entry.content], ...(configuration ? { configuration } : {}) }
      : entry,
  )
  return [...entries, resultEntry(`c-${name}`, 'x'.repeat(50))]
}

const FIRST: readonly LogEntry[] = [message('m1')] as LogEntry[]
const TRIMMED: LogEntry = { type: 'log.trimmed', keep_rounds: 0, text: '…' }
const REFUSED: LogEntry = { type: 'log.file_refused', text: 'left out' }

/** Whose thoughts the model is sent back; both kinds of them, or none. */
function thoughtsIn(log: readonly LogEntry[], manner: Manner): readonly string[] {
  const blocks = transcript(log, manner).flatMap(({ content }) => (typeof content === 'string' ? [] : content))
  const open = blocks.flatMap((block) => (block.type === 'thinking' ? [block.thinking] : []))
  const hidden = blocks.flatMap((block) => (block.type === 'redacted_thinking' ? [block.data] : []))
  expect(hidden).toEqual(open)
  return open
}

describe('thoughts of the model', () => {
  test('are sent back as they were, turn after turn', () => {
    expect(thoughtsIn([...FIRST, ...step('a'), ...step('b')], BOUND)).toEqual(['a', 'b'])
    expect(JSON.stringify(transcript([...FIRST, ...step('a')], BOUND))).toContain('"signature":"a"')
  })

  test.each([
    ['results are trimmed', TRIMMED],
    ['a file is left out', REFUSED],
  ])('are left out where %s before them', (_, change) => {
    const log = [...FIRST, ...step('a'), ...step('b'), change, ...step('c')]
    expect(thoughtsIn(log, BOUND)).toEqual(['c'])
    expect(transcript(log, BOUND)).toHaveLength(7)
    expect(thoughtsIn(log, {})).toEqual(['a', 'b', 'c'])
  })

  test.each([
    { name: 'stay with one configuration', asked: ['1', '1'], now: '1', left: ['0', '1'] },
    { name: 'stay where none is told', asked: ['', ''], now: undefined, left: ['0', '1'] },
    { name: 'go with the configuration before', asked: ['1', '2'], now: '2', left: ['1'] },
    { name: 'all go when the next one begins', asked: ['1', '1'], now: '2', left: [] },
    { name: 'do not come back with a configuration', asked: ['1', '2', '1'], now: '1', left: ['2'] },
  ])('$name', ({ asked, now, left }) => {
    const log = [...FIRST, ...asked.flatMap((configuration, index) => step(`${index}`, configuration || undefined))]
    expect(thoughtsIn(log, { ...BOUND, configuration: now })).toEqual(left)
    expect(thoughtsIn(log, { configuration: now })).toEqual(asked.map((_, index) => `${index}`))
  })
})
