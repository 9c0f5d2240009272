import { describe, expect, test } from 'vitest'
import { inspect, isCrowded, mendResults } from '../../src/wire/storable.ts'

function nested(depth: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = wrap(value)
  return value
}

describe('inspect', () => {
  test('counts values and finds nothing wrong in an ordinary body', () => {
    expect(inspect({ a: [1, 'two', null], b: { c: true } })).toEqual({ problem: null, size: 7 })
  })

  test.each<[unknown]>([
    [null],
    [1],
    ['text'],
    [''],
    [true],
    [[]],
    [{}],
    ['é 🙂 \u202e \u2028 ﬁ'],
    [{ constructor: 1, prototype: 2, toString: 3 }],
  ])('takes %j', (body) => {
    expect(inspect(body).problem).toBeNull()
  })

  test.each([
    ['a NUL', { a: ['x\0y'] }, 'U+0000'],
    ['a NUL in a key', { 'x\0y': 1 }, 'U+0000'],
    ['a lone surrogate', { a: '\ud800' }, 'surrogate'],
    ['surrogates the wrong way round', { a: '\udc00\ud800' }, 'surrogate'],
    ['a surrogate in a key', { '\udfff': 1 }, 'surrogate'],
    ['a number past all bounds', JSON.parse('{"a":[1e400]}'), 'number'],
    ['a number below all bounds', JSON.parse('{"a":-1e400}'), 'number'],
    ['the prototype by name', JSON.parse('{"a":[{"__proto__":{"admin":true}}]}'), '__proto__'],
  ])('refuses %s', (_, body, word) => {
    expect(inspect(body).problem).toContain(word)
  })

  test.each([
    ['objects', (inner: unknown) => ({ inner })],
    ['arrays', (inner: unknown) => [inner]],
  ])('takes 100 levels of %s and no more', (_, wrap) => {
    expect(inspect(nested(100, wrap)).problem).toBeNull()
    expect(inspect(nested(101, wrap)).problem).toBe('body: nested deeper than 100 levels')
    expect(inspect(nested(100_000, wrap)).problem).toBe('body: nested deeper than 100 levels')
  })

  test.each([
    ['one long list', Array.from({ length: 200_000 }, () => 0)],
    ['one wide object', Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`k${index}`, 0]))],
    ['many short lists', Array.from({ length: 1_000 }, () => Array.from({ length: 200 }, () => 0))],
  ])('refuses more values than any request has, as %s', (_, body) => {
    expect(inspect(body).problem).toBe('body: holds more than 200000 values')
  })

  test('takes as many as are allowed', () => {
    expect(inspect(Array.from({ length: 199_999 }, () => 0))).toEqual({ problem: null, size: 200_000 })
  })
})

describe('isCrowded', () => {
  const many = 200_001
  test.each([
    ['numbers', `[${'1,'.repeat(many)}1]`],
    ['empty lists', `[${'[],'.repeat(many)}[]]`],
    ['empty objects', `[${'{},'.repeat(many)}{}]`],
    ['lists in lists', '['.repeat(2 * many)],
    ['pairs behind a text with quotes', String.raw`{"a\\":"\"",${'"a":1,'.repeat(many)}"b":1}`],
  ])('tells that there are too many %s', (_, json) => {
    expect(isCrowded(Buffer.from(json))).toBe(true)
  })

  test.each([
    ['as many values as are allowed', JSON.stringify(Array.from({ length: 199_999 }, () => 10))],
    ['as many lists as are allowed', JSON.stringify(Array.from({ length: 199_999 }, () => []))],
    ['a long text of commas, brackets and quotes', JSON.stringify({ text: ',[{"\\'.repeat(many) })],
    ['a short body', '[,,,'],
  ])('passes %s', (_, json) => {
    expect(isCrowded(Buffer.from(json))).toBe(false)
  })
})

describe('mendResults', () => {
  const all = (mend: (text: string) => string) => [
    { type: 'text', text: mend('a') },
    { type: 'document', title: mend('t'), source: { type: 'text', media_type: 'text/plain', data: mend('d') } },
    { type: 'search_result', source: 's', title: 't', content: [{ type: 'text', text: mend('c') }] },
  ]

  test.each([
    ['a NUL', '\0x', '\u{FFFD}x'],
    ['the first half of a pair', '\ud83d', '\u{FFFD}'],
    ['halves the wrong way round', '\ude42\ud83d', '\u{FFFD}\u{FFFD}'],
    ['whole pairs', '\ud83d\ude42', '\ud83d\ude42'],
  ])('keeps a result with %s in any of its texts', (_, given, kept) => {
    for (const type of ['user.tool_result', 'user.custom_tool_result']) {
      const send = (end: string) => ({ events: [{ type, content: all((text) => `${text}${end}`) }] })
      expect(mendResults(send(given))).toEqual(send(kept))
      expect(inspect(mendResults(send(given))).problem).toBeNull()
    }
  })

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a list', ['\0']],
    ['a body without events', { text: '\0' }],
    ['events that are none', { events: '\0' }],
    ['events of no type', { events: ['\0', null, { content: '\0' }] }],
    ['a message', { events: [{ type: 'user.message', content: [{ type: 'text', text: '\0' }] }] }],
    ['a result without content', { events: [{ type: 'user.tool_result', tool_use_id: '\0' }] }],
    ['a key in a result', { events: [{ type: 'user.tool_result', content: [{ 'a\0': 1 }] }] }],
    ['what lies deeper than a text', { events: [{ type: 'user.tool_result', content: [[[[['\0']]]]] }] }],
  ])('leaves %s as it is', (_, body) => {
    expect(mendResults(body)).toEqual(body)
  })

  test('hides no key from those who look for it', () => {
    const body: unknown = JSON.parse('{"events":[{"type":"user.tool_result","content":[{"__proto__":{"a":1}}]}]}')
    expect(inspect(mendResults(body)).problem).toContain('__proto__')
  })
})
