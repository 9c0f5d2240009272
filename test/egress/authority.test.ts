import { X509Certificate, createPrivateKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createAuthority } from '../../src/egress/authority.ts'

describe('an authority', () => {
  const authority = createAuthority()
  const own = new X509Certificate(authority.certificate)

  test('is one, signed by itself', () => {
    expect([own.ca, own.checkIssued(own), own.verify(own.publicKey)]).toEqual([true, true, true])
  })

  test('issues what proves a host’s name for some weeks, begun already, and no other name', () => {
    const leaf = new X509Certificate(authority.issue('api.example.com').cert)
    expect([leaf.ca, leaf.checkIssued(own), leaf.verify(own.publicKey)]).toEqual([false, true, true])
    expect([leaf.checkHost('api.example.com'), leaf.checkHost('example.com')]).toEqual(['api.example.com', undefined])
    expect(Date.parse(leaf.validFrom)).toBeLessThan(Date.now())
    const days = (Date.parse(leaf.validTo) - Date.now()) / 86_400_000
    expect(Math.round(days)).toBe(90)
  })

  test('gives the key that belongs to it', () => {
    const { key, cert } = authority.issue('api.example.com')
    expect(new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))).toBe(true)
  })

  test('issues once for a host, and a name of any length', () => {
    const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.test`
    expect(authority.issue(long).cert).toBe(authority.issue(long).cert)
    expect(new X509Certificate(authority.issue(long).cert).checkHost(long)).toBe(long)
  })

  test('comes back from its secret: what trusted it then trusts it now', () => {
    const again = createAuthority(authority.secret)
    const leaf = new X509Certificate(again.issue('api.example.com').cert)
    expect([leaf.checkIssued(own), leaf.verify(own.publicKey)]).toEqual([true, true])
    expect(leaf.verify(new X509Certificate(createAuthority().certificate).publicKey)).toBe(false)
  })
})
