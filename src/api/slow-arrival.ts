import type { IncomingMessage } from 'node:http'

/** Longest silence of a client that uploads, and how long it may take in all; milliseconds. */
interface Limits {
  readonly silenceMs: number
  readonly totalMs: number
}

const LIMITS: Limits = { silenceMs: 60_000, totalMs: 3_600_000 }

const slow = new WeakSet<object>()

/**
 * Lets a request take as long to arrive as a large file needs on a slow line: the server's limit for requests is not
 * its, these are. What it answers ends that, and is to be called once the request has arrived or was refused.
 */
export function letArriveSlowly(request: IncomingMessage, limits: Limits = LIMITS): () => void {
  const { socket } = request
  const end = (): void => void socket.destroy()
  slow.add(socket)
  const timer = setTimeout(end, limits.totalMs)
  timer.unref()
  socket.setTimeout(limits.silenceMs)
  socket.on('timeout', end)
  return () => {
    slow.delete(socket)
    clearTimeout(timer)
    socket.off('timeout', end)
    socket.setTimeout(0)
  }
}

/** Whether something slow arrives on this connection. */
export function isArrivingSlowly(socket: object): boolean {
  return slow.has(socket)
}
