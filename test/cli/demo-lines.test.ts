import { describe, expect, test } from 'vitest'
import { describeOutcome, toCallLine, toLine } from '../../src/cli/demo-lines.ts'

function outcome(input: Record<string, unknown>, text: string, isError = false): string {
  return describeOutcome({ name: 'tool', input }, { content: [{ type: 'text', text }], is_error: isError })
}

describe('a line of the demo', () => {
  test('has a column for who and one for a remark', () => {
    expect(toLine('agent', 'Hello.')).toBe('agent   Hello.')
    expect(toLine('agent', 'Hello.', 'remark')).toBe(`${'agent   Hello.'.padEnd(58)}remark`)
  })

  test('keeps remark and text apart when the text is long', () => {
    expect(toLine('agent', 'x'.repeat(80), 'remark')).toMatch(/x {2}remark$/)
  })

  test('of a call has columns for its name, its subject and its outcome', () => {
    const use = { name: 'bash', input: { command: 'sh test.sh\nand more' } }
    expect(toCallLine(use, '')).toBe('  bash    sh test.sh')
    expect(toCallLine(use, 'exit 0')).toBe('  bash    sh test.sh               exit 0')
    expect(toCallLine(use, 'exit 0', 'remark')).toBe(`${'  bash    sh test.sh               exit 0'.padEnd(58)}remark`)
  })

  test('cuts a subject that would not leave room', () => {
    expect(toCallLine({ name: 'bash', input: { command: 'x'.repeat(80) } }, 'exit 0')).toMatch(
      /^ {2}bash {4}x{23} {2}exit 0$/,
    )
  })
})

describe('an outcome', () => {
  test.each([
    ['a command that says something', { command: 'sh test.sh' }, 'a\n6 passed', false, 'exit 0 · 6 passed'],
    ['a command that says nothing', { command: 'true' }, '(no output)', false, 'exit 0'],
    [
      'a command that fails',
      { command: 'sh test.sh' },
      '5 passed, 1 failed\nexit 1',
      true,
      'exit 1 · 5 passed, 1 failed',
    ],
    ['a command that fails in silence', { command: 'false' }, 'exit 1', true, 'exit 1'],
    [
      'a command that is ended',
      { command: 'sleep 9' },
      'bash: ended after 5 ms',
      true,
      'failed · bash: ended after 5 ms',
    ],
    ['a new file', { file_path: 'a', content: 'one\ntwo\n' }, 'wrote 8 bytes', false, '+2'],
    ['an empty file', { file_path: 'a', content: '' }, 'wrote 0 bytes', false, '+0'],
    ['an edit', { file_path: 'a', old_string: 'x\n', new_string: 'y\nz\n' }, 'edited', false, '+2 −1'],
    ['a write that fails', { file_path: 'a', content: 'x' }, 'write: no', true, 'failed · write: no'],
    ['a look at a file', { file_path: 'a' }, 'its text', false, ''],
  ])('tells of %s', (_what, input, text, isError, told) => {
    expect(outcome(input, text, isError)).toBe(told)
  })

  test('of a result without content is that of silence', () => {
    expect(describeOutcome({ name: 'bash', input: { command: 'true' } }, {})).toBe('exit 0')
  })
})
