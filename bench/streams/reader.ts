import type { ClientRequest } from 'node:http'
import { Agent, get } from 'node:http'
import { now } from '../support/clock.ts'
import type { Piece } from './frames.ts'
import { readFrame, splitFrames } from './frames.ts'

/** What one reader of one channel saw, in order. */
export interface Seen {
  readonly keys: string[]
  /** By the clock of `now`, one for each key. */
  readonly at: number[]
}

/** One open stream. */
export interface Reader {
  readonly event: Seen
  readonly delta: Seen
  /** Set when the stream ended before it was closed from here. */
  readonly fault: () => string | undefined
  close(): void
}

/** Each stream has a connection of its own, as each browser tab would. */
const agent = new Agent({ keepAlive: false, maxSockets: Infinity })
const mostRemembered = 20_000
/** Readers of a session get the same bytes: each frame is parsed once. */
const remembered = new Map<string, readonly Piece[]>()
/** When pieces were made, as far as their frames say. */
export const madeAt = new Map<string, number>()

/** Resolves when the stream's headers are there; rejects for any other answer than a stream. */
export function openReader(url: string, headers: Readonly<Record<string, string>>): Promise<Reader> {
  const seen = { event: emptySeen(), delta: emptySeen() }
  let fault: string | undefined
  let isClosed = false
  let rest = ''
  function take(chunk: string): void {
    const at = now()
    const split = splitFrames(rest + chunk)
    rest = split.rest
    for (const frame of split.frames) {
      for (const { channel, key } of parse(frame)) {
        seen[channel].keys.push(key)
        seen[channel].at.push(at)
      }
    }
  }
  return new Promise((resolve, reject) => {
    const request: ClientRequest = get(url, { agent, headers }, (response) => {
      response.setEncoding('utf8')
      if (response.statusCode !== 200) {
        response.on('data', (body: string) => reject(new Error(`${url}: ${response.statusCode} ${body}`)))
        return
      }
      response.on('data', take)
      response.on('error', ({ message }) => (fault ??= isClosed ? undefined : message))
      response.on('end', () => (fault ??= isClosed ? undefined : 'the server ended the stream'))
      const close = (): void => {
        isClosed = true
        request.destroy()
      }
      resolve({ ...seen, fault: () => fault, close })
    })
    request.on('error', reject)
  })
}

function emptySeen(): Seen {
  return { keys: [], at: [] }
}

function parse(frame: string): readonly Piece[] {
  const known = remembered.get(frame)
  if (known) return known
  const pieces = readFrame(frame)
  if (remembered.size > mostRemembered) remembered.clear()
  remembered.set(frame, pieces)
  for (const { key, madeAt: at } of pieces) if (at !== null) madeAt.set(key, at)
  return pieces
}
