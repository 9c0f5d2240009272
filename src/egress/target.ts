import { Refusal } from './refusal.ts'

/** Where a request goes. The host is in lower case without a dot at its end, an address in its usual spelling. */
export interface Target {
  readonly host: string
  readonly port: number
}

/** The target of a CONNECT: `host:port`. Throws `Refusal` for anything else. */
export function parseAuthority(text: string): Target {
  const [, host, port] = /^([^\s/@?#\\]+):(\d{1,5})$/.exec(text) ?? []
  if (host === undefined || port === undefined || Number(port) > 65_535) throw misspelt(text)
  return { host: normalize(host, text), port: Number(port) }
}

/** The target of a request to a proxy, which names the whole URL, with the path and query to ask it for. */
export function parseAbsolute(text: string): Target & { readonly path: string } {
  if (!/^http:\/\//i.test(text) || !URL.canParse(text)) throw misspelt(text)
  const { hostname, port, pathname, search } = new URL(text)
  return { host: normalize(hostname, text), port: port === '' ? 80 : Number(port), path: `${pathname}${search}` }
}

/** The host that a `Host` header names. */
export function hostOf(header: string): string {
  return normalize(header.replace(/:\d*$/, ''), header)
}

/** Other spellings of addresses (octal, hexadecimal, a single number) come out of a URL as the usual one. */
function normalize(host: string, whole: string): string {
  if (!URL.canParse(`http://${host}/`)) throw misspelt(whole)
  const { hostname } = new URL(`http://${host}/`)
  const bare = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (bare === '') throw misspelt(whole)
  return bare
}

function misspelt(text: string): Refusal {
  const shown = text.slice(0, 200)
  return new Refusal(400, `This is an HTTP proxy: expected CONNECT host:port or http://host/path, got ${shown}.`)
}
