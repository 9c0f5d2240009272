import { ModelFailure, garbled } from './model.ts'

/** A longer answer or line is not one that a model gives. */
const MOST_BYTES = 64 * 1024 * 1024
const LONGEST_LINE = 4 * 1024 * 1024
/** Pings say that the other side lives, not that it gets anywhere: they buy this many stall budgets. */
const BUDGETS_OF_PINGS = 5
/** How long a connection may stay open behind a finished answer before it is not worth reusing. */
const LINGER_MS = 200
const NEWLINE = 0x0a

/** Watches one response's stream from the request on and says when there is no more use in waiting for it. */
export interface Watch {
  /** Bytes came; ends the wait when they are too many. */
  bytes(chunk: Uint8Array): void
  /** An event came that is not a ping. */
  event(): void
  /** The answer is complete; only the end of the connection is still awaited. */
  linger(): void
  stop(): void
}

/** `stallMs` of silence, {@link BUDGETS_OF_PINGS} times as long nothing but pings, or too many bytes: it gives up. */
export function watchSilence(stallMs: number, giveUp: (reason: ModelFailure) => void): Watch {
  const pingMs = stallMs * BUDGETS_OF_PINGS
  const stalled = setTimeout(() => giveUp(silent(stallMs, 'nothing')), stallMs)
  const idle = setTimeout(() => giveUp(silent(pingMs, 'nothing but pings')), pingMs)
  let lingering: NodeJS.Timeout | undefined
  let stopped = false
  let total = 0
  let line = 0
  return {
    bytes(chunk) {
      if (stopped) return
      stalled.refresh()
      total += chunk.length
      const end = chunk.lastIndexOf(NEWLINE)
      line = end === -1 ? line + chunk.length : chunk.length - end - 1
      if (total > MOST_BYTES || line > LONGEST_LINE) giveUp(garbled('it goes on beyond all measure'))
    },
    event() {
      if (!stopped) idle.refresh()
    },
    linger() {
      lingering = setTimeout(() => giveUp(garbled('it has ended, its connection has not')), LINGER_MS)
    },
    stop() {
      stopped = true
      for (const timer of [stalled, idle, lingering]) clearTimeout(timer)
    },
  }
}

function silent(ms: number, said: string): ModelFailure {
  const message = `the model has said ${said} for ${ms / 1000} s`
  return new ModelFailure({ kind: 'unreachable', retryable: true, message })
}
