import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatId, isId } from '../../src/wire/ids.ts'

const seconds = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const random = fc.uint8Array({ minLength: 12, maxLength: 12 })

describe('formatId', () => {
  test('makes a prefix, _01 and 22 base-58 characters, at both ends of the range', () => {
    expect(formatId('sesn', 0, new Uint8Array(12))).toBe(`sesn_01${'1'.repeat(22)}`)
    expect(formatId('sesn', 2 ** 32 - 1, new Uint8Array(12).fill(255))).toBe('sesn_01YcVfxkQb6JRzqk5kF2tNLv')
  })

  test('always makes what isId takes', () => {
    fc.assert(fc.property(seconds, random, (time, bytes) => isId('agent', formatId('agent', time, bytes))))
  })

  test('sorts as text by seconds', () => {
    fc.assert(
      fc.property(seconds, seconds, random, random, (a, b, left, right) => {
        fc.pre(a < b)
        return formatId('sevt', a, left) < formatId('sevt', b, right)
      }),
    )
  })

  test('differs whenever time or bytes differ', () => {
    fc.assert(
      fc.property(seconds, seconds, random, random, (a, b, left, right) => {
        const isSame = a === b && left.every((byte, index) => byte === right[index])
        return (formatId('sevt', a, left) === formatId('sevt', b, right)) === isSame
      }),
    )
  })

  test.each([-1, 0.5, 2 ** 32, Number.NaN])('refuses %s seconds', (time) => {
    expect(() => formatId('env', time, new Uint8Array(12))).toThrow(RangeError)
  })

  test.each([0, 11, 13])('refuses %i random bytes', (length) => {
    expect(() => formatId('env', 1, new Uint8Array(length))).toThrow(RangeError)
  })
})

describe('isId', () => {
  test('takes the shape that the API documents', () => {
    expect(isId('sesn', 'sesn_011CZkZAtmR3yMPDzynEDxu7')).toBe(true)
  })

  test.each([
    ['another prefix', 'agent_011CZkZAtmR3yMPDzynEDxu7'],
    ['no prefix', '011CZkZAtmR3yMPDzynEDxu7'],
    ['a digit less', 'sesn_011CZkZAtmR3yMPDzynEDxu'],
    ['a digit more', 'sesn_011CZkZAtmR3yMPDzynEDxu77'],
    ['another version', 'sesn_021CZkZAtmR3yMPDzynEDxu7'],
    ['a letter outside base 58', 'sesn_010CZkZAtmR3yMPDzynEDxu7'],
    ['a line break behind it', 'sesn_011CZkZAtmR3yMPDzynEDxu7\n'],
    ['a path', 'sesn_01../../../../etc/passw'],
    ['nothing', ''],
    ['no text', 7],
  ])('refuses %s', (_, value) => {
    expect(isId('sesn', value)).toBe(false)
  })
})
