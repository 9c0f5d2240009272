import type { IncomingMessage } from 'node:http'
import type { FileRow } from '../store/files.ts'
import { dropContent, storeContent } from '../store/new-content.ts'
import { ApiError } from '../wire/errors.ts'
import { MAX_FILE_BYTES, toExpiry, toFilename, toMediaType } from '../wire/files.ts'
import type { ApiContext } from './context.ts'
import type { FormPart } from './multipart.ts'
import { boundaryOf, readForm } from './multipart.ts'
import { letArriveSlowly } from './slow-arrival.ts'

type Ports = Pick<ApiContext, 'files' | 'contents'>

/** What a client has sent, its bytes stored under a content that is no file's yet. */
export type Upload = Pick<FileRow, 'filename' | 'mimeType' | 'size' | 'sha256'> & {
  readonly content: string
  readonly expiresIn: number | null
}

/** What a form takes besides its file. */
const FORM_BYTES = 1024 * 1024
/** Of a field that is no file. */
const FIELD_BYTES = 100
/** How long a client that was refused may go on sending before its connection is closed. */
const LINGER_MS = 5_000

/**
 * Stores the file of an upload while it arrives. Nothing stays of one that breaks off or is refused.
 * @throws ApiError 413 for more than 500 MB, 400 for a form without exactly one `file`, or with anything that is wrong.
 */
export async function receiveUpload(ports: Ports, workspace: string, request: IncomingMessage): Promise<Upload> {
  const source: AsyncIterator<Buffer> = request.iterator({ destroyOnReturn: false })
  const hasArrived = letArriveSlowly(request)
  let file: Omit<Upload, 'expiresIn'> | null = null
  try {
    if (Number(request.headers['content-length'] ?? 0) > MAX_FILE_BYTES + FORM_BYTES) throw tooLarge()
    let expiresIn: number | null = null
    for await (const part of readForm(source, boundaryOf(request.headers['content-type']))) {
      if (part.name === 'file') {
        if (file) throw new ApiError('invalid_request', 'file: expected once, got it several times')
        file = await storePart(ports, workspace, part)
      } else if (part.name === 'expires_in_seconds') {
        if (expiresIn !== null)
          throw new ApiError('invalid_request', `${part.name}: expected once, got it several times`)
        expiresIn = toExpiry(await readField(part))
      } else throw new ApiError('invalid_request', `${JSON.stringify(part.name.slice(0, 40))}: unknown field`)
    }
    if (!file) throw new ApiError('invalid_request', 'file: required, but missing')
    return { ...file, expiresIn }
  } catch (error) {
    if (file) await dropContent(ports, file.content)
    await source.return?.()
    letFinish(request)
    throw error
  } finally {
    hasArrived()
  }
}

async function storePart(ports: Ports, workspace: string, part: FormPart): Promise<Omit<Upload, 'expiresIn'>> {
  const filename = toFilename(part.filename, part.contentType)
  const mimeType = toMediaType(part.contentType, filename)
  return { filename, mimeType, ...(await storeContent(ports, workspace, limited(part.body))) }
}

async function* limited(body: FormPart['body']): AsyncGenerator<Buffer, void> {
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > MAX_FILE_BYTES) throw tooLarge()
    yield chunk
  }
}

async function readField({ name, body }: FormPart): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > FIELD_BYTES) throw new ApiError('invalid_request', `${name}: expected at most ${FIELD_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function tooLarge(): ApiError {
  return new ApiError('too_large', `file: expected at most ${MAX_FILE_BYTES / 1024 / 1024} MB`)
}

/** Who still sends reads no answer when the connection breaks under it: what comes is read for a while, for nobody. */
function letFinish(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return
  request.resume()
  const timer = setTimeout(() => request.socket.destroy(), LINGER_MS)
  timer.unref()
  request.once('close', () => clearTimeout(timer))
}
