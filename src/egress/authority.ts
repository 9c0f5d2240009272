import type { KeyObject } from 'node:crypto'
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { bits, identifier, integer, octets, sequence, set, tagged, text, time, truth } from './der.ts'

/** A certificate authority that one sandbox trusts, and nobody else. */
export interface Authority {
  /** PEM. */
  readonly certificate: string
  /** The authority in a form that can be kept; secret. */
  readonly secret: string
  /** What a server of this name shows. */
  issue(host: string): { readonly key: string; readonly cert: string }
}

const day = 24 * 60 * 60 * 1000
const authorityDays = 3650
const leafDays = 90
const mostLeaves = 500
const name = 'Longhand sandbox egress'
const signature = sequence(identifier('1.2.840.10045.4.3.2'))
const usage = { certificates: bits(Uint8Array.of(0x04), 2), handshakes: bits(Uint8Array.of(0x80), 7) }

/** P-256 keys throughout; a new authority unless a kept one's `secret` is given. */
export function createAuthority(secret: string = generateKey()): Authority {
  const key = createPrivateKey(secret)
  const own = createPublicKey(key)
  const certificate = certify({ key, issuerKey: own, subjectKey: own, subject: name, days: authorityDays }, [
    extension('2.5.29.19', sequence(truth()), true),
    extension('2.5.29.15', usage.certificates, true),
  ])
  // One key for all: who has one leaf's has this process.
  const leafKey = generateKey()
  const leaves = new LRUCache<string, string>({ max: mostLeaves, ttl: day })
  function issueLeaf(host: string): string {
    const subjectKey = createPublicKey(leafKey)
    return certify({ key, issuerKey: own, subjectKey, subject: 'sandbox egress', days: leafDays }, [
      extension('2.5.29.15', usage.handshakes, true),
      extension('2.5.29.37', sequence(identifier('1.3.6.1.5.5.7.3.1'))),
      extension('2.5.29.17', sequence(tagged(2, Buffer.from(host), false)), true),
    ])
  }
  return {
    certificate,
    secret,
    issue(host) {
      const cert = leaves.get(host) ?? issueLeaf(host)
      leaves.set(host, cert, { noUpdateTTL: true })
      return { key: leafKey, cert }
    },
  }
}

function generateKey(): string {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey
}

interface Subject {
  readonly key: KeyObject
  readonly issuerKey: KeyObject
  readonly subjectKey: KeyObject
  readonly subject: string
  readonly days: number
}

/** A certificate as RFC 5280 has it, in PEM. */
function certify({ key, issuerKey, subjectKey, subject, days }: Subject, extensions: readonly Uint8Array[]): string {
  const now = Date.now()
  const body = sequence(
    tagged(0, integer(Uint8Array.of(2)), true),
    integer(Uint8Array.of(1, ...randomBytes(15))),
    signature,
    distinguished(name),
    // Begun yesterday: clocks in sandboxes may be late.
    sequence(time(new Date(now - day)), time(new Date(now + days * day))),
    distinguished(subject),
    publicPart(subjectKey),
    tagged(
      3,
      sequence(
        ...extensions,
        extension('2.5.29.14', octets(fingerprint(subjectKey))),
        extension('2.5.29.35', sequence(tagged(0, fingerprint(issuerKey), false))),
      ),
      true,
    ),
  )
  const whole = Buffer.from(sequence(body, signature, bits(sign('sha256', body, key))))
  const lines = whole.toString('base64').replace(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}

function extension(id: string, value: Uint8Array, isCritical = false): Uint8Array {
  return sequence(identifier(id), ...(isCritical ? [truth()] : []), octets(value))
}

function distinguished(common: string): Uint8Array {
  return sequence(set(sequence(identifier('2.5.4.3'), text(common))))
}

function publicPart(key: KeyObject): Uint8Array {
  return key.export({ type: 'spki', format: 'der' })
}

function fingerprint(key: KeyObject): Uint8Array {
  return createHash('sha256').update(publicPart(key)).digest().subarray(0, 20)
}
