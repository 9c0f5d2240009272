import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { After } from '../wire/after.ts'
import { ApiError } from '../wire/errors.ts'
import { isCrowded } from '../wire/storable.ts'
import { keepPace } from './pace.ts'
import { createRoom } from './room.ts'

/** Bodies of the API are at most 32 MB. */
export const BODY_LIMIT = 32 * 1024 * 1024

const MIB = 1024 * 1024
/** Larger bodies have a room of their own, so that they keep nobody from saying a word. */
const SMALL = MIB
/**
 * What bodies may take of one process's memory together, from their first byte until their request is answered. What
 * is made of a body while it is handled, one at a time, takes several times as much as the body.
 */
const ROOMS = { small: 32 * MIB, large: 96 * MIB } as const
/** Nobody holds room for longer, whoever it is that takes the time. */
const HELD_MS = 180_000

interface BodyPorts {
  readonly after: After
  /** Called for a request that is refused before its body is kept, once its `bodyHash` is known. */
  readonly refused: (request: FastifyRequest, reply: FastifyReply) => void
}

/**
 * Reads the bodies of a scope's routes: JSON whatever its content type is called, except one that says that it is
 * something else, and only as much at once as there is room for. What finds none waits unread, then is refused.
 */
export function acceptJson(scope: FastifyInstance, { after, refused }: BodyPorts): void {
  const rooms = { small: createRoom(ROOMS.small, after), large: createRoom(ROOMS.large, after) }

  scope.addHook('preParsing', async (request, reply, payload) => {
    const bytes = lengthOf(request)
    // Of a GET, and beyond the limit, nothing is read.
    if (request.method === 'GET' || bytes === 0 || bytes > BODY_LIMIT) return payload
    demandJson(request)
    const room = bytes > SMALL ? rooms.large : rooms.small
    const { entered, leave } = room.enter(bytes)
    const atEnd = (work: () => void): void => void reply.raw.once('finish', work).once('close', work)
    atEnd(leave)
    if (await entered) {
      // The request's own `destroy` leaves the connection alone once the body has been read.
      const end = (): void => void reply.raw.destroy()
      atEnd(after(HELD_MS, end))
      atEnd(keepPace(request.raw, reply.raw, { after, isHurried: () => room.isWanted, tooSlow: end }))
      return payload
    }
    // Read to its end, so that its next try is known by it; nothing of it is kept.
    if (request.headers['content-length'] !== undefined && !request.raw.destroyed) {
      request.bodyHash = await hashStream(payload)
      refused(request, reply)
    }
    throw new ApiError('overloaded', 'The server holds as many large requests as it can; try again.', { retryAfter: 5 })
  })

  scope.addContentTypeParser('*', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    demandJson(request)
    request.bodyHash = createHash('sha256').update(body).digest('hex')
    return parseJson(body)
  })
}

/** What is to be read; what says nothing may have any length. */
function lengthOf({ headers }: FastifyRequest): number {
  if (headers['transfer-encoding'] !== undefined) return BODY_LIMIT
  return Number(headers['content-length'] ?? 0)
}

/** @throws ApiError 400 for a body that says that it is no JSON in UTF-8. */
function demandJson({ headers }: FastifyRequest): void {
  const coding = headers['content-encoding'] ?? 'identity'
  if (coding !== 'identity') {
    throw new ApiError('invalid_request', `content-encoding: expected none, got ${coding.slice(0, 40)}`)
  }
  const type = headers['content-type'] ?? 'application/json'
  if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(type)) {
    throw new ApiError('invalid_request', `content-type: expected application/json, got ${type.slice(0, 100)}`)
  }
  const charset = /charset="?([\w-]+)/i.exec(type)?.[1] ?? 'utf-8'
  if (!/^utf-?8$/i.test(charset)) {
    throw new ApiError('invalid_request', `content-type: expected charset utf-8, got ${charset.slice(0, 40)}`, {
      code: 'unsupported_charset',
    })
  }
}

function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined
  if (isCrowded(body)) throw new ApiError('invalid_request', 'body: holds more values than any request has')
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    throw new ApiError('invalid_request', 'body: expected JSON in UTF-8', { cause: error })
  }
}

/** SHA-256, hex. */
async function hashStream(bytes: Readable): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of bytes) hash.update(chunk)
  return hash.digest('hex')
}

/** The hash of a request without a body. */
export const NO_BODY = createHash('sha256').digest('hex')
