import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toJsonPieces } from '../../src/activities/json-pieces.ts'

/** Bytes of the text inside a JSON string. */
function measure(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2
}

describe('pieces of a text', () => {
  test('are measured as JSON writes them, fit, and put together are the text', () => {
    const anything = fc.string({
      unit: fc.oneof(fc.string({ unit: 'binary', maxLength: 1 }), fc.constantFrom('\ud83d', '\ude00', '\0', '"', '\n')),
    })
    fc.assert(
      fc.property(anything, fc.integer({ min: 12, max: 40 }), (text, limit) => {
        const pieces = toJsonPieces(text, limit)
        expect(pieces.map((piece) => piece.text).join('')).toBe(text)
        for (const piece of pieces) {
          expect(piece.bytes).toBe(measure(piece.text))
          expect(piece.bytes).toBeLessThanOrEqual(limit)
        }
      }),
    )
  })

  test.each([
    ['', []],
    ['short', ['short']],
    ['a'.repeat(13), ['a'.repeat(12), 'a']],
    ['😀😀😀😀', ['😀😀😀', '😀']],
    ['\u0001\u0001\u0001', ['\u0001\u0001', '\u0001']],
    ['"\n\\\t\r\b"', ['"\n\\\t\r\b', '"']],
    ['éééééé€', ['éééééé', '€']],
  ])('of %j never cut a character', (text, pieces) => {
    expect(toJsonPieces(text, 12).map((piece) => piece.text)).toEqual(pieces)
  })
})
