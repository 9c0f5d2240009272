import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { After } from '../wire/after.ts'

/** A client that lost an answer has closed its connection by then, and a proxy that only passes bytes on has too. */
const SETTLED_MS = 1_000

/** Who stands in between keeps connections of its own, which say nothing about the client's. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'via']

/** Knows which answers have reached their clients. */
export interface Deliveries {
  /** To be told of every request: HTTP/1.1 has one at a time, so whoever sends the next one has read the answer before. */
  next(socket: Socket): void
  /**
   * Calls back once the client has the answer whole, because its next request came on the connection or the connection
   * stood for a while. Never for a refusal; nor when the connection ended before or leads to a proxy that says so: what
   * was written whole may have been cut on its way, and then the client asks again.
   */
  watch(request: IncomingMessage, response: ServerResponse, delivered: () => void): void
}

export function createDeliveries(after: After): Deliveries {
  const waiting = new WeakMap<Socket, () => void>()
  return {
    next: (socket) => waiting.get(socket)?.(),
    watch({ socket, headers }, response, delivered) {
      const isForwarded = FORWARDED.some((name) => headers[name] !== undefined)
      response.once('finish', () => {
        if (response.statusCode >= 400 || isForwarded) return
        const end = (): void => {
          stop()
          waiting.delete(socket)
          socket.off('close', end)
        }
        const done = (): void => {
          end()
          delivered()
        }
        const stop = after(SETTLED_MS, done)
        waiting.set(socket, done)
        socket.once('close', end)
      })
    },
  }
}
