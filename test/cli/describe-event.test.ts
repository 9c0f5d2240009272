import { describe, expect, test } from 'vitest'
import { createDescriber, describeInput } from '../../src/cli/describe-event.ts'
import type { StreamedEvent } from '../../src/cli/follow.ts'
import {
  asks,
  calls,
  callsCustom,
  confirms,
  deleted,
  idle,
  message,
  result,
  running,
  says,
  terminated,
  waits,
} from './events.ts'

function tell(...events: readonly object[]): readonly string[] {
  const tellOne = createDescriber()
  // The builders make what the wire carries; the SDK's union has more fields than a reader looks at.
  return events.flatMap((event) => tellOne(event as StreamedEvent))
}

const error = {
  type: 'session.error',
  id: 'e',
  error: { type: 'model_overloaded_error', message: 'model: busy', retry_status: { type: 'retrying' } },
}

describe('what a person reads of an event', () => {
  test.each([
    ['a message that is taken up', message('m', 'do\n it'), ['you     do it']],
    ['a message that waits', message('m', 'do it', null), []],
    ['what the agent says', says('a', 'one\n\ntwo'), ['agent   one', '', '        two']],
    ['a call', calls('c', 'read', { file_path: 'a.txt' }), ['  read  a.txt']],
    ['a search', calls('c', 'web_search', { query: 'rain in Bonn' }), ['  web_search rain in Bonn']],
    ['a fetch', calls('c', 'web_fetch', { url: 'https://a.test/b' }), ['  web_fetch https://a.test/b']],
    ['an error', error, ['error   model: busy (retrying)']],
    ['an end of turn', idle(), []],
    ['a call of a tool of the client’s', callsCustom('c', 'weather', { city: 'Bonn' }), ['  weather {"city":"Bonn"}']],
    ['a call that is asked for', asks('c', 'bash', { command: 'ls' }), []],
    ['a word on a call that was not seen', confirms('c', 'allow'), ['you     allowed c']],
    ['a wait, which is told where it is asked', waits('c'), []],
    ['a rest for another reason', idle('retries_exhausted'), ['idle    retries_exhausted']],
    ['an end', terminated, ['ended   the session is terminated']],
    ['a deletion', deleted, ['ended   the session is deleted']],
    ['a status', running, []],
  ])('tells of %s', (_what, event, lines) => {
    expect(tell(event)).toEqual(lines)
  })

  test('shows a result below its call', () => {
    expect(tell(calls('c', 'bash', { command: 'ls' }), result('c', 'a\nb\n'))).toEqual([
      '  bash  ls',
      '        a',
      '        b',
    ])
  })

  test('names the call again when results come in another order', () => {
    const lines = tell(
      calls('1', 'bash', { command: 'one' }),
      calls('2', 'bash', { command: 'two' }),
      result('1', 'first'),
      result('2', 'second'),
    )
    expect(lines).toEqual([
      '  bash  one',
      '  bash  two',
      '  bash  one',
      '        first',
      '  bash  two',
      '        second',
    ])
  })

  test('shows a call that is asked for with the word on it, and its result below', () => {
    expect(tell(asks('c', 'bash', { command: 'ls' }), confirms('c', 'allow'), result('c', 'a'))).toEqual([
      'you     allowed bash  ls',
      '        a',
    ])
  })

  test('shows why a call was denied once, and not again as its result', () => {
    const note = 'not\u001b today'
    const denied = [confirms('c', 'deny', note), result('c', note, true)]
    expect(tell(asks('c', 'bash', { command: 'ls' }), ...denied)).toEqual([
      'you     denied bash  ls',
      '        because: not today',
    ])
  })

  test('shows the first of two words on a call, which is the one that counts', () => {
    const late = { ...confirms('c', 'deny'), id: 'late' }
    expect(tell(asks('c', 'bash', { command: 'ls' }), confirms('c', 'allow'), late, result('c', 'a'))).toEqual([
      'you     allowed bash  ls',
      '        a',
    ])
  })

  test('shows a call that nobody decided on with its result', () => {
    expect(tell(asks('c', 'bash', { command: 'ls' }), waits('c'), result('c', 'interrupted', true))).toEqual([
      '  bash  ls',
      '        interrupted',
      '        ✗ the tool failed',
    ])
  })

  test('shows what a tool of the client’s gave', () => {
    const given = { type: 'user.custom_tool_result', id: 'r', custom_tool_use_id: 'c' }
    const called = callsCustom('c', 'weather', {})
    expect(tell(called, { ...given, content: [{ type: 'text', text: 'rain' }] })).toEqual([
      '  weather {}',
      '        rain',
    ])
    expect(tell(called, { ...given, is_error: true })).toContain('        ✗ the tool failed')
    const returned = { type: 'user.tool_result', id: 'r', tool_use_id: 'c', content: [{ type: 'text', text: 'a.txt' }] }
    expect(tell(calls('c', 'bash', { command: 'ls' }), returned)).toEqual(['  bash  ls', '        a.txt'])
  })

  test('shows the end of a long output', () => {
    const text = Array.from({ length: 9 }, (_, index) => `line ${index}`).join('\n')
    const [first, ...rest] = tell(result('c', text))
    expect(first).toBe('        … 3 lines before')
    expect(rest).toHaveLength(6)
    expect(rest.at(-1)).toBe('        line 8')
  })

  test('says that a tool failed, unless its exit code does', () => {
    expect(tell(result('c', 'no such file', true))).toEqual(['        no such file', '        ✗ the tool failed'])
    expect(tell(result('c', 'oh\nexit 1', true))).toEqual(['        oh', '        exit 1'])
  })

  test('lets no output play with the terminal, and cuts long lines', () => {
    expect(tell(result('c', '\u001b[2Jgone\u0007'))).toEqual(['        [2Jgone'])
    expect(tell(result('c', 'x'.repeat(200)))).toEqual([`        ${'x'.repeat(109)}…`])
  })

  test('shows an input that has no telling part as it is', () => {
    expect(describeInput({ pattern: '*.ts' })).toBe('*.ts')
    expect(describeInput({ n: 1 })).toBe('{"n":1}')
  })
})
