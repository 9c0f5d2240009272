/**
 * String formats of the schema, each with the words that a refusal uses. All run in linear time and in constant stack,
 * whatever the input.
 */
export interface Format {
  readonly expected: string
  readonly accepts: (value: string) => boolean
  /** Whether a refused value may be secret or long, so that a refusal must not quote it. */
  readonly isPrivate?: boolean
}

const TIMESTAMP = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
/** A host name of two labels or more that ends in letters: no IP address in any spelling. */
const HOST = new RegExp(`^(?:${LABEL}\\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])$`)
const PRIVATE = /\.(local|internal|localdomain|localhost|invalid)$/i

/** Of a token, which becomes a header. */
const SECRET_LENGTH = 4096
const BRANCH_BYTES = 255

export const FORMATS: Readonly<Record<string, Format>> = {
  timestamp: { expected: 'an RFC 3339 time such as 2026-10-21T08:00:00Z', accepts: isTimestamp },
  'http-url': { expected: 'an http or https URL without credentials', accepts: isHttpUrl, isPrivate: true },
  'https-url': { expected: 'an https URL without credentials', accepts: isHttpsUrl, isPrivate: true },
  domain: { expected: 'a public host name such as docs.example.com', accepts: isDomain },
  'domain-path': {
    expected: 'a public host name such as docs.example.com, with an optional path',
    accepts: isDomainPath,
  },
  'host-pattern': { expected: 'a host name such as example.com or *.example.com', accepts: isHostPattern },
  'time-zone': { expected: 'an IANA time zone such as Europe/Paris', accepts: isTimeZone },
  'repository-url': {
    expected: 'https://github.com/<owner>/<repo> without .git',
    accepts: isRepositoryUrl,
    isPrivate: true,
  },
  secret: { expected: `1 to ${SECRET_LENGTH} visible ASCII characters`, accepts: isSecret, isPrivate: true },
  branch: { expected: 'the name of a branch, as git takes it', accepts: isBranch },
  commit: { expected: 'a commit in 40 or 64 hexadecimal digits', accepts: isCommit },
  base64: { expected: 'base64 without line breaks', accepts: isBase64, isPrivate: true },
}

function isTimestamp(value: string): boolean {
  return TIMESTAMP.test(value) && !Number.isNaN(Date.parse(value)) && isRealDay(value.slice(0, 10))
}

/** `Date` takes the 31st of February for a day in March. */
function isRealDay(day: string): boolean {
  const time = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day)
}

function isHttpUrl(value: string): boolean {
  if (!/^https?:\/\/\S+$/i.test(value) || !URL.canParse(value)) return false
  const { hostname, username, password } = new URL(value)
  return hostname !== '' && username === '' && password === ''
}

/** What the model's API fetches by itself it fetches by https only. */
function isHttpsUrl(value: string): boolean {
  return /^https:/i.test(value) && isHttpUrl(value)
}

function isDomain(value: string): boolean {
  const host = value.endsWith('/') ? value.slice(0, -1) : value
  return HOST.test(host) && !PRIVATE.test(host)
}

function isDomainPath(value: string): boolean {
  const slash = value.indexOf('/')
  if (slash < 0) return isDomain(value)
  return isDomain(value.slice(0, slash)) && /^[^\s?#$,|^!]*$/.test(value.slice(slash))
}

function isHostPattern(value: string): boolean {
  return HOST.test(value.startsWith('*.') ? value.slice(2) : value)
}

/** By the tables of the runtime, which know the old names too. An offset such as +01:00 is no name. */
function isTimeZone(value: string): boolean {
  if (!/^[A-Za-z][\w+/-]{1,63}$/.test(value)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** Of any host: which of them are taken is the server's setting. */
function isRepositoryUrl(value: string): boolean {
  const [, owner, name = ''] = /^https?:\/\/[^\s/?#@\\]+\/([^/?#]+)\/([^/?#]+)$/.exec(value) ?? []
  const isOwner = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$/.test(owner ?? '')
  return isOwner && /^[\w.-]{1,100}$/.test(name) && !/^\.\.?$|\.git$/i.test(name) && URL.canParse(value)
}

function isSecret(value: string): boolean {
  return value.length <= SECRET_LENGTH && /^[!-~]+$/.test(value)
}

/** By git's own rules for the name of a reference. */
function isBranch(value: string): boolean {
  if (Buffer.byteLength(value) > BRANCH_BYTES || /^-|^@$|\.\.|@\{|[\p{Cc} ~^:?*[\\]|\.$/u.test(value)) return false
  return value.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'))
}

function isCommit(value: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(value)
}

/** Looks for what is wrong instead of matching the whole: a greedy match over megabytes exhausts the matcher's stack. */
function isBase64(value: string): boolean {
  if (value.length % 4 !== 0 || /[^A-Za-z0-9+/=]/.test(value)) return false
  const padding = value.indexOf('=')
  return padding < 0 || (padding >= value.length - 2 && value.endsWith('='))
}
