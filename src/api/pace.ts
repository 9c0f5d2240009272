import type { IncomingMessage, ServerResponse } from 'node:http'
import type { After } from '../wire/after.ts'

/** Bytes that move in so many milliseconds, 64 KiB a second, or the client is too slow for others to wait for it. */
const PACE = { everyMs: 5_000, bytes: 320 * 1024 } as const

interface Pace {
  readonly after: After
  /** Whether others wait. */
  readonly isHurried: () => boolean
  /** Called once for a client that keeps them waiting, by sending its request or reading its answer too slowly. */
  readonly tooSlow: () => void
}

/** Watches a client while it sends its request and while it reads its answer. What it answers ends that. */
export function keepPace(
  request: IncomingMessage,
  response: ServerResponse,
  { after, isHurried, tooSlow }: Pace,
): () => void {
  const { socket } = request
  const look = (): { phase: Phase; moved: number } => ({
    phase: phaseOf(request, response),
    moved: socket.bytesRead + socket.bytesWritten - socket.writableLength,
  })

  function watch(): () => void {
    const before = look()
    return after(PACE.everyMs, () => {
      const { phase, moved } = look()
      const isClients = phase !== 'handled' && phase === before.phase
      if (isClients && moved - before.moved < PACE.bytes && isHurried()) tooSlow()
      else stop = watch()
    })
  }

  let stop = watch()
  return () => stop()
}

type Phase = 'sent' | 'handled' | 'answered'

function phaseOf({ complete }: IncomingMessage, { headersSent }: ServerResponse): Phase {
  if (headersSent) return 'answered'
  return complete ? 'handled' : 'sent'
}
