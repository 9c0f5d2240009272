import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Credential } from '../../src/egress/credential.ts'
import { fillBody, fillHeader, isFillable } from '../../src/egress/credential.ts'

const placeholder = 'LONGHAND_SECRET_ab12'
function build(change: Partial<Credential> = {}): readonly Credential[] {
  const policy = { type: 'unrestricted' } as const
  return [{ placeholder, value: 's"e&cr\\et=$&', policy, headers: true, body: true, ...change }]
}
const secret = build()[0]?.value ?? ''

describe('a credential in a header', () => {
  test('takes the place of its placeholder, wherever that stands', () => {
    expect(fillHeader(`Bearer ${placeholder}`, build())).toBe(`Bearer ${secret}`)
    expect(fillHeader(`${placeholder}.${placeholder}`, build())).toBe(`${secret}.${secret}`)
  })

  test('is put into Basic authentication', () => {
    const filled = fillHeader(`Basic ${Buffer.from(`me:${placeholder}`).toString('base64')}`, build())
    expect(Buffer.from(filled.slice('Basic '.length), 'base64').toString()).toBe(`me:${secret}`)
  })

  test.each(['Basic bWU6eW91', 'basic not base 64', 'Basic', 'text/html'])('leaves %s as it is', (value) => {
    expect(fillHeader(value, build())).toBe(value)
  })

  test('is not put into headers when it is for bodies alone', () => {
    expect(fillHeader(placeholder, build({ headers: false }))).toBe(placeholder)
  })
})

describe('a credential in a body', () => {
  test('is written as JSON wants it', () => {
    const body = fillBody(Buffer.from(JSON.stringify({ key: placeholder })), 'application/json', build())
    expect(JSON.parse(body.toString())).toEqual({ key: secret })
  })

  test('is written as a form wants it', () => {
    const body = fillBody(Buffer.from(`a=1&key=${placeholder}`), 'application/x-www-form-urlencoded', build())
    expect(Object.fromEntries(new URLSearchParams(body.toString()))).toEqual({ a: '1', key: secret })
  })

  test('leaves every other byte as it is', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (before, after) => {
        const body = Buffer.concat([before, Buffer.from(placeholder), after])
        const expected = Buffer.concat([before, Buffer.from('sécret'), after])
        expect(fillBody(body, 'text/plain', build({ value: 'sécret' }))).toEqual(expected)
      }),
    )
  })

  test('is not put there when it is for headers alone', () => {
    expect(fillBody(Buffer.from(placeholder), 'text/plain', build({ body: false })).toString()).toBe(placeholder)
  })

  test.each([
    ['application/json; charset=utf-8', undefined, true],
    ['application/vnd.api+json', undefined, true],
    ['text/plain', 'identity', true],
    ['application/x-www-form-urlencoded', undefined, true],
    ['application/json', 'gzip', false],
    ['application/octet-stream', undefined, false],
    ['multipart/form-data; boundary=x', undefined, false],
    [undefined, undefined, false],
  ])('is looked for in %s, encoded as %s: %s', (type, encoding, isWanted) => {
    expect(isFillable(type, encoding)).toBe(isWanted)
  })
})
