import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { leaveOutRepeats, putRepeatsBack } from '../../src/session/repeats.ts'

const LONG = 'x'.repeat(300)
const OTHER = 'y'.repeat(300)

const raw = { type: 'log.assistant', content: [{ type: 'text', text: LONG, citations: null }] }
const shown = { type: 'agent.message', id: 'm', content: [{ type: 'text', text: LONG }] }

/** As a reader of history has them: through JSON. */
function recordAndRead(elements: readonly object[]): readonly object[] {
  const { elements: left, repeats } = JSON.parse(JSON.stringify(leaveOutRepeats(elements)))
  return putRepeatsBack<object>(left, repeats)
}

describe('leaveOutRepeats', () => {
  test('keeps the first of equal strings and says where the others stood', () => {
    expect(leaveOutRepeats([raw, shown])).toEqual({
      elements: [raw, { ...shown, content: [{ type: 'text', text: '' }] }],
      repeats: [{ path: [1, 'content', 0, 'text'], of: [0, 'content', 0, 'text'] }],
    })
  })

  test('leaves elements as they are that have nothing long in common', () => {
    const elements = [raw, { text: OTHER }, { a: 'short' }, { b: 'short' }]
    expect(leaveOutRepeats(elements)).toEqual({ elements })
  })

  test('leaves out no string that is shorter than what would tell of it', () => {
    const text = 'x'.repeat(130)
    const elements = [{ [`a key of ${LONG}`]: text }, { text }]
    expect(leaveOutRepeats(elements)).toEqual({ elements })
  })

  test('makes the elements shorter whenever it leaves anything out', () => {
    const key = fc.string({ maxLength: 60 })
    const text = fc.string({ minLength: 115, maxLength: 250 })
    fc.assert(
      fc.property(text, fc.array(key, { minLength: 2, maxLength: 5 }), (same, keys) => {
        const elements = keys.map((name) => ({ [name]: { [name]: [same] } }))
        const thinned = leaveOutRepeats(elements)
        const whole = JSON.stringify({ elements }).length
        expect(JSON.stringify(thinned).length).toBeLessThan(thinned.repeats ? whole : whole + 1)
      }),
    )
  })

  test('changes no element that it is given', () => {
    const before = structuredClone([raw, shown])
    const { elements } = leaveOutRepeats([raw, shown])
    expect([raw, shown]).toEqual(before)
    expect(elements[0]).toBe(raw)
  })
})

describe('putRepeatsBack', () => {
  test('gives back what was recorded, byte for byte, whatever it is', () => {
    const text = fc.constantFrom(
      LONG,
      OTHER,
      '',
      'short',
      '\ud83d'.repeat(130),
      '"\0\u2028é'.repeat(50),
      '😀'.repeat(80),
    )
    const key = fc.oneof(
      fc.string(),
      fc.constantFrom('__proto__', 'constructor', 'length', '0', 'repeats', 'path', 'of', 'blobs'),
    )
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.jsonValue({ maxDepth: 1 }),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }))
    const element = fc.dictionary(key, value, { maxKeys: 4, noNullPrototype: true })
    fc.assert(
      fc.property(fc.array(element, { maxLength: 5 }), (elements) => {
        const before = JSON.stringify(elements)
        expect(JSON.stringify(recordAndRead(elements))).toBe(before)
        expect(JSON.stringify(elements)).toBe(before)
      }),
      { numRuns: 300 },
    )
  })

  test('takes members named __proto__ for what they are', () => {
    const element: object = JSON.parse(`{"__proto__": {"text": "${LONG}"}}`)
    const back = recordAndRead([raw, element])
    expect(JSON.stringify(back)).toBe(JSON.stringify([raw, element]))
    expect(Object.getPrototypeOf(back[1])).toBe(Object.prototype)
  })

  test('leaves elements as they are that were recorded whole', () => {
    const elements = [raw, shown]
    expect(putRepeatsBack(elements, undefined)).toBe(elements)
  })

  const path = [1, 'text']
  const of = [0, 'text']
  test.each<[string, unknown]>([
    ['a text', 'repeats'],
    ['null', null],
    ['one that is alone', { path, of }],
    ['a list of null', [null]],
    ['one without a place', [{ of }]],
    ['one without a source', [{ path }]],
    ['a path through an object', [{ path: [{}], of }]],
    ['a path of null', [{ path, of: [null] }]],
    ['a place that holds something', [{ path: [0, 'text'], of }]],
    ['a place of no element', [{ path: [7, 'text'], of }]],
    ['a place inside of a text', [{ path: [0, 'text', 'length'], of }]],
    ['a source that is no text', [{ path, of: [0] }]],
    ['a source that every object has', [{ path, of: [0, 'constructor', 'name'] }]],
    [
      'one of which another does not fit',
      [
        { path, of },
        { path, of: [9] },
      ],
    ],
  ])('puts nothing back for %s', (_, repeats) => {
    const elements = [{ text: LONG }, { text: '' }]
    expect(putRepeatsBack(elements, repeats)).toBe(elements)
  })
})
