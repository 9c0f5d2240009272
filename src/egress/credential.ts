import type { Policy } from './policy.ts'

/** A secret that a sandbox knows by a placeholder alone. It is put in place of that on its way to the hosts it is for. */
export interface Credential {
  /** Letters, digits and `_`: found in any text as it is, encoded or not. No secret. */
  readonly placeholder: string
  readonly value: string
  /** The hosts it is for. The sandbox's own policy has to let them through too. */
  readonly policy: Policy
  readonly headers: boolean
  /** Of requests whose body is text, JSON or a form, up to {@link mostBody}. */
  readonly body: boolean
}

/** Bytes of a body that are looked through; a larger one goes out as it is. */
export const mostBody = 1024 * 1024

const basic = /^(basic\s+)([A-Za-z0-9+/=]+)\s*$/i

/** A header's value with the secrets in it, those of Basic authentication too. */
export function fillHeader(value: string, credentials: readonly Credential[]): string {
  const wanted = credentials.filter(({ headers }) => headers)
  const [, scheme, encoded] = basic.exec(value) ?? []
  if (scheme === undefined || encoded === undefined) return replace(value, wanted, (secret) => secret)
  const plain = Buffer.from(encoded, 'base64').toString()
  const filled = replace(plain, wanted, (secret) => secret)
  return filled === plain ? value : `${scheme}${Buffer.from(filled).toString('base64')}`
}

/** Whether a body of this type and encoding is to be looked through. */
export function isFillable(type: string | undefined, encoding: string | undefined): boolean {
  if (encoding !== undefined && encoding !== 'identity') return false
  return /^(?:text\/|application\/(?:[\w.+-]*json|x-www-form-urlencoded|graphql|xml)\b)/i.test(type ?? '')
}

/** A whole body with the secrets in it, in the spelling that its type asks for; the same bytes where there is none. */
export function fillBody(body: Buffer, type: string, credentials: readonly Credential[]): Buffer {
  const wanted = credentials.filter((credential) => credential.body)
  if (!wanted.some(({ placeholder }) => body.includes(placeholder))) return body
  // Bytes, each as a character, stay what they are.
  return Buffer.from(replace(body.toString('latin1'), wanted, encoderOf(type)), 'latin1')
}

function encoderOf(type: string): (secret: string) => string {
  const bytes = (text: string) => Buffer.from(text).toString('latin1')
  if (/json/i.test(type)) return (secret) => bytes(JSON.stringify(secret).slice(1, -1))
  if (/urlencoded/i.test(type)) return (secret) => encodeURIComponent(secret)
  return bytes
}

function replace(text: string, credentials: readonly Credential[], encode: (secret: string) => string): string {
  return credentials.reduce((sum, { placeholder, value }) => sum.replaceAll(placeholder, () => encode(value)), text)
}
