import { describe, expect, test } from 'vitest'
import { describeCall, showControls } from '../../src/cli/describe-call.ts'

describe('a call that a person decides on', () => {
  test.each([
    ['a command', 'bash', { command: 'ls' }, ['  bash  ls']],
    [
      'every line of a command',
      'bash',
      { command: "cat <<'END'\n  two\n\nEND\n" },
      ["  bash  cat <<'END'", '          two', '', '        END'],
    ],
    [
      'what is written, and where',
      'write',
      { file_path: 'a.txt', content: 'one\ntwo\n' },
      ['  write a.txt', '        content:', '          one', '          two'],
    ],
    [
      'an edit, both ways',
      'edit',
      { file_path: 'a.txt', old_string: 'a', new_string: 'b', replace_all: true },
      ['  edit  a.txt', '        old_string: a', '        new_string: b', '        replace_all: true'],
    ],
    ['a field beside the command', 'bash', { command: 'ls', timeout: 5 }, ['  bash  ls', '        timeout: 5']],
    ['a path that goes with a pattern', 'grep', { pattern: 'x', path: '/' }, ['  grep  x', '        path: /']],
    ['what a search is for', 'look_up', { limit: 3, query: 'rain' }, ['  look_up rain', '        limit: 3']],
    [
      'where a request goes',
      'post',
      { url: 'https://a.test', body: {} },
      ['  post  https://a.test', '        body: {}'],
    ],
    ['an input without a subject', 'post', { to: ['a'] }, ['  post', '        to: ["a"]']],
    ['an input that is no text', 'bash', { command: 1 }, ['  bash', '        command: 1']],
    ['an empty file', 'write', { file_path: 'a', content: '' }, ['  write a', '        content:']],
    ['no input', 'bash', {}, ['  bash']],
  ])('is shown with %s', (_what, name, input, lines) => {
    expect(describeCall({ name, input })).toEqual(lines)
  })

  test('says how many lines are not shown', () => {
    const lines = describeCall({ name: 'bash', input: { command: 'true\n'.repeat(99) + 'rm -rf /' } })
    expect(lines).toHaveLength(61)
    expect(lines.at(-1)).toBe('        … 40 more lines, not shown here')
  })

  test('says how much of a line is not shown', () => {
    expect(describeCall({ name: 'bash', input: { command: `${' '.repeat(1000)}rm -rf /` } })).toEqual([
      expect.stringMatching(/ … 8 more characters, not shown here$/),
    ])
  })

  test.each([
    ['the terminal', 'a\u001B[2Jb', 'a\\u{1b}[2Jb'],
    ['the cursor', 'rm -rf /\rls', 'rm -rf /\\u{d}ls'],
    ['the direction of a text', 'a\u202Eb', 'a\\u{202e}b'],
    ['what has no width', 'a\u200Bb', 'a\\u{200b}b'],
    ['what ends a line elsewhere', 'a\u2028b', 'a\\u{2028}b'],
    ['half a character', 'a\uD83Db', 'a\\u{d83d}b'],
    ['a tab', 'a\tb', 'a    b'],
  ])('shows what would play with %s', (_what, text, shown) => {
    expect(showControls(text)).toBe(shown)
    expect(describeCall({ name: 'bash', input: { command: text } })).toEqual([`  bash  ${shown}`])
    expect(describeCall({ name: 'x', input: { [text]: 1 } })[1]).toBe(`        ${shown}: 1`)
  })
})
