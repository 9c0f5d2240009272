import { ApiError } from './errors.ts'

/** Of one file, bytes. */
export const MAX_FILE_BYTES = 500 * 1024 * 1024
/** Seconds from its upload until a file expires. */
const EXPIRY = { least: 3_600, most: 7_776_000 } as const

const MAX_NAME = 255
const FORBIDDEN = /[<>:"|?*\p{Cc}]/u
const UNKNOWN = 'application/octet-stream'
const TYPE = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/

/** Types by the ending of a name, the usual ending of a type first. */
const ENDINGS: readonly (readonly [ending: string, type: string])[] = [
  ['png', 'image/png'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['gif', 'image/gif'],
  ['webp', 'image/webp'],
  ['pdf', 'application/pdf'],
  ['txt', 'text/plain'],
  ['log', 'text/plain'],
  ['md', 'text/markdown'],
  ['csv', 'text/csv'],
  ['html', 'text/html'],
  ['json', 'application/json'],
  ['xml', 'application/xml'],
  ['zip', 'application/zip'],
]

/**
 * The media type of an upload: what its client says, without parameters; where that is nothing in particular, what the
 * name's ending says.
 * @throws ApiError 400 for something else than a media type.
 */
export function toMediaType(declared: string | null, filename: string): string {
  const type = (declared ?? UNKNOWN).split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (!TYPE.test(type)) {
    throw new ApiError('invalid_request', `file: expected a content type like text/plain, got ${quote(type)}`)
  }
  if (type !== UNKNOWN) return type
  const ending = /\.([^.]+)$/.exec(filename)?.[1]?.toLowerCase()
  return ENDINGS.find(([known]) => known === ending)?.[1] ?? UNKNOWN
}

/**
 * The name that a file is kept under: of a path its last component; without any, `unnamed` with the ending of its type.
 * @throws ApiError 400 for a name that some system cannot hold.
 */
export function toFilename(given: string | null, declared: string | null): string {
  const name = (given ?? '').split(/[/\\]/).at(-1) ?? ''
  if (name === '') {
    const ending = ENDINGS.find(([, type]) => type === toMediaType(declared, ''))?.[0]
    return ending === undefined ? 'unnamed' : `unnamed.${ending}`
  }
  const length = Array.from(name).length
  if (length > MAX_NAME) {
    throw new ApiError('invalid_request', `file: expected a name of at most ${MAX_NAME} characters, got ${length}`)
  }
  if (FORBIDDEN.test(name) || name === '.' || name === '..') {
    const message = `file: expected a name without < > : " | ? * and control characters, got ${quote(name)}`
    throw new ApiError('invalid_request', message)
  }
  return name
}

/** @throws ApiError 400 for anything but whole seconds in the range. */
export function toExpiry(text: string): number {
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (seconds >= EXPIRY.least && seconds <= EXPIRY.most) return seconds
  const range = `whole seconds from ${EXPIRY.least} to ${EXPIRY.most}`
  throw new ApiError('invalid_request', `expires_in_seconds: expected ${range}, got ${quote(text)}`)
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}
