import type { Duplex } from 'node:stream'
import type { Socket } from 'node:net'

/** Without a byte in either direction. Streams that stay silent for longer send something from time to time. */
const idleMs = 60 * 60 * 1000

/**
 * Passes bytes on both ways, uninterpreted. The end of one direction is passed on and leaves the other open; a
 * connection that breaks takes the other one along.
 */
export function joinConnections(inside: Duplex, outside: Socket): void {
  inside.pipe(outside)
  outside.pipe(inside)
  for (const [one, other] of [
    [inside, outside],
    [outside, inside],
  ] as const) {
    one.on('error', () => other.destroy())
    one.on('close', () => {
      // What was read of it before may still be on its way.
      if (one.readableEnded && !other.writableFinished) other.once('finish', () => other.destroy())
      else other.destroy()
    })
  }
  outside.setTimeout(idleMs, () => outside.destroy())
}
