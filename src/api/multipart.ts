import { Dicer } from '@fastify/busboy'
import { ApiError } from '../wire/errors.ts'

/** One field of a form. Its body is read to its end before the next part is asked for. */
export interface FormPart {
  readonly name: string
  /** As the client spells it, which may be a path; null for a part without one. */
  readonly filename: string | null
  /** As the client says it; null when it says nothing. */
  readonly contentType: string | null
  readonly body: AsyncIterable<Buffer>
}

const MOST_PARTS = 100
const HEAD_BYTES = 16 * 1024
/** About what may stand before the first part and behind the last one, for nobody to read. */
const MARGIN_BYTES = 64 * 1024

const BOUNDARY =
  /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([\w'()+,./:=? -]{1,70})"|([\w'()+./:=?-]{1,70}))\s*(?:;|$)/i

/**
 * The boundary that a content type names.
 * @throws ApiError 400 for another type or none.
 */
export function boundaryOf(contentType: string | undefined): string {
  const [, quoted, bare] = BOUNDARY.exec(contentType ?? '') ?? []
  const boundary = quoted ?? bare
  if (boundary !== undefined) return boundary
  const got = (contentType ?? 'none').slice(0, 100)
  throw new ApiError('invalid_request', `content-type: expected multipart/form-data with a boundary, got ${got}`)
}

/**
 * The parts of a form (RFC 7578) in the order in which they come, with no more of them in memory than has come at once.
 * Rejects with an ApiError 400 for what is no form, and for one that breaks off.
 */
export async function* readForm(source: AsyncIterator<Uint8Array>, boundary: string): AsyncGenerator<FormPart> {
  const form = createForm(boundary)

  async function more(): Promise<boolean> {
    const next = await source.next().catch((cause: unknown) => {
      throw new ApiError('invalid_request', 'body: broke off', { cause })
    })
    if (next.done !== true) await form.write(next.value)
    return next.done !== true
  }

  async function demandMore(): Promise<void> {
    if (!(await more())) throw new ApiError('invalid_request', 'body: broke off before the last boundary')
  }

  async function* bodyOf(part: Arriving): AsyncGenerator<Buffer> {
    for (;;) {
      yield* part.pieces.splice(0)
      if (part.hasEnded) return
      await demandMore()
    }
  }

  for (;;) {
    while (form.parts.length === 0 && !form.hasEnded()) await demandMore()
    const part = form.parts.shift()
    if (!part) break
    while (!part.head && !part.hasEnded) await demandMore()
    yield { ...parseHead(part.head ?? {}), body: bodyOf(part) }
  }
  while (await more());
}

type Head = Readonly<Record<string, readonly string[]>>

/** A part of which something has come. */
interface Arriving {
  head: Head | null
  readonly pieces: Buffer[]
  hasEnded: boolean
}

interface Form {
  /** What has come and was not asked for. */
  readonly parts: Arriving[]
  hasEnded(): boolean
  /** Resolves when the parts have what is in these bytes. */
  write(bytes: Uint8Array): Promise<void>
}

function createForm(boundary: string): Form {
  // Pieces are written when the ones before are read. Parts that paused on their own account could keep the last write waiting.
  const config = { boundary, partHwm: Number.MAX_SAFE_INTEGER }
  const dicer = new Dicer(config)
  const parts: Arriving[] = []
  let hasEnded = false
  let idle = 0
  dicer.on('finish', () => (hasEnded = true))
  let begun = 0
  dicer.on('part', (stream) => {
    // Thrown through `write`: a piece may hold thousands of them, and each is a stream.
    if (++begun > MOST_PARTS) throw refuse(`more than ${MOST_PARTS} parts`)
    const part: Arriving = { head: null, pieces: [], hasEnded: false }
    parts.push(part)
    stream.on('header', (head: Head) => {
      part.head = head
      idle = 0
    })
    stream.on('data', (piece: Buffer) => {
      part.pieces.push(piece)
      idle = 0
    })
    stream.on('end', () => (part.hasEnded = true))
  })
  return {
    parts,
    hasEnded: () => hasEnded,
    async write(bytes) {
      idle += bytes.length
      if (!hasEnded) await new Promise((resolve) => dicer.write(bytes, resolve))
      if (idle > MARGIN_BYTES) throw refuse(`more than ${MARGIN_BYTES} bytes that are no part`)
    },
  }
}

function parseHead(head: Head): Omit<FormPart, 'body'> {
  // Dicer itself cuts off at 80 KiB, and says nothing.
  if (Object.values(head).flat().join('').length > HEAD_BYTES)
    throw refuse(`a part with a head above ${HEAD_BYTES} bytes`)
  const header = (name: string): string | null => {
    const [value] = head[name] ?? []
    return value === undefined ? null : Buffer.from(value, 'latin1').toString('utf8').trim()
  }
  const disposition = header('content-disposition') ?? ''
  const name = /^form-data\b/i.test(disposition) ? parameter(disposition, 'name') : null
  if (name === null) throw refuse('a part without a name')
  return { name, filename: parameter(disposition, 'filename'), contentType: header('content-type') }
}

/** Browsers and Node escape quotes and ends of lines as in an URL, curl puts a backslash before quotes. */
function parameter(disposition: string, name: string): string | null {
  const found = new RegExp(`;\\s*${name}=(?:"((?:\\\\["\\\\]|[^"])*)"|([^\\s;"]+))`, 'i').exec(disposition)
  const text = found?.[1] ?? found?.[2]
  if (text === undefined) return null
  return text.replaceAll(/\\(["\\])/g, '$1').replaceAll(/%(?:22|0D|0A)/gi, decodeURIComponent)
}

function refuse(what: string): ApiError {
  return new ApiError('invalid_request', `body: expected a form (multipart/form-data), got ${what}`)
}
