import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createSecretBox } from '../../src/store/secrets.ts'

const secret = 'ghp_0123456789abcdefABCDEF'
const place = 'wrkspc_1 sesn_1 sesrsc_1 2'

describe('a secret box', () => {
  const box = createSecretBox(randomBytes(32))

  test('gives back what it sealed, also an empty text and one that is not ASCII', () => {
    for (const value of [secret, '', 'пароль 🔑'.repeat(500)])
      expect(box.open(box.seal(value, place), place)).toBe(value)
  })

  test('seals the same text differently each time, and never shows it', () => {
    const [one, other] = [box.seal(secret, place), box.seal(secret, place)]
    expect(one.equals(other)).toBe(false)
    expect(one.subarray(1, 61).equals(other.subarray(1, 61))).toBe(false)
    expect(one.includes(secret.slice(0, 6))).toBe(false)
  })

  test('opens nothing in which a byte was changed', () => {
    const sealed = box.seal(secret, place)
    for (let at = 0; at < sealed.length; at++) {
      const altered = Buffer.from(sealed)
      altered[at] = (altered[at] ?? 0) ^ 1
      expect(() => box.open(altered, place)).toThrow('cannot be opened')
    }
  })

  test('opens nothing that was cut or went on', () => {
    const sealed = box.seal(secret, place)
    for (let length = 0; length < sealed.length; length++)
      expect(() => box.open(sealed.subarray(0, length), place)).toThrow('cannot be opened')
    expect(() => box.open(Buffer.concat([sealed, Buffer.of(0)]), place)).toThrow('cannot be opened')
  })

  test.each([
    ['another workspace', 'wrkspc_2 sesn_1 sesrsc_1 2'],
    ['another session', 'wrkspc_1 sesn_2 sesrsc_1 2'],
    ['another resource', 'wrkspc_1 sesn_1 sesrsc_2 2'],
    ['a newer version', 'wrkspc_1 sesn_1 sesrsc_1 3'],
  ])('opens nothing in the place of %s', (_, other) => {
    expect(() => box.open(box.seal(secret, place), other)).toThrow('cannot be opened')
  })

  test('opens nothing with the value of one secret under the data key of another', () => {
    const [one, other] = [box.seal(secret, place), box.seal('another', place)]
    const mixed = Buffer.concat([one.subarray(0, 61), other.subarray(61)])
    expect(() => box.open(mixed, place)).toThrow('cannot be opened')
  })

  test('opens nothing of another key, and its error says nothing of the secret', () => {
    const sealed = createSecretBox(randomBytes(32)).seal(secret, place)
    expect(() => box.open(sealed, place)).toThrow(
      'a stored secret cannot be opened: it was altered, or sealed under another key',
    )
  })
})
