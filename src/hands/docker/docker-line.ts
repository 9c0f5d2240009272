import type { Socket } from 'node:net'
import type { Line } from '../line.ts'
import { createDemultiplexer } from './multiplex.ts'

export interface Watch {
  /** Status of the container; null when there is none, or the daemon does not tell. */
  readonly look: () => Promise<string | null>
  /** Milliseconds between looks while an answer is awaited. */
  readonly lookMs: number
}

/** Looks in a row at a paused container: nothing in it keeps a time limit, and whoever waits is to hear of it. */
const mostPaused = 3

/** Counts looks; whether who waits for an answer of the container is to go on. */
export function createPatience(): (status: string | null) => boolean {
  let paused = 0
  return (status) => {
    paused = status === 'paused' ? paused + 1 : 0
    return status === 'running' || (status === 'paused' && paused < mostPaused)
  }
}

/** Milliseconds without an answer after which a paused container is told from one that is at work. */
const firstLookMs = 1_000

/**
 * The connection of a process that was started with stdin; closing its writing half closes that. It is let go when the
 * container cannot answer: a paused one at the first look, or when it stays so, for it may be paused and go on in the
 * midst of a call.
 */
export function toLine(socket: Socket, { look, lookMs }: Watch): Line {
  const output = socket.pipe(createDemultiplexer())
  // Neither an error nor a close goes through a pipe.
  socket.on('error', () => {})
  socket.on('close', () => output.destroy())
  let timers: readonly NodeJS.Timeout[] = []

  async function check(isGood: (status: string | null) => boolean): Promise<void> {
    const isAwaited = timers
    const status = await look()
    if (isAwaited === timers && !isGood(status)) socket.destroy()
  }

  function stop(): void {
    for (const timer of timers) clearInterval(timer)
    timers = []
  }
  socket.on('close', stop)

  return {
    input: socket,
    output,
    hold(isHeld) {
      stop()
      if (!isHeld) {
        socket.unref()
        return
      }
      socket.ref()
      const isPatient = createPatience()
      const first = setTimeout(() => void check((status) => status === 'running'), Math.min(firstLookMs, lookMs))
      timers = [first, setInterval(() => void check(isPatient), lookMs)]
    },
    destroy: () => void socket.destroy(),
  }
}
