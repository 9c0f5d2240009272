import type { DeltaBatch, DeltaPart, DeltaSource } from '../store/deltas.ts'
import type { After } from '../wire/after.ts'
import { after as systemAfter } from '../wire/after.ts'
import { BATCH_BYTES, createPreviewBuffer } from './preview-buffer.ts'

/** Sends one try's preview on its way. Never waits and never fails: a preview is a courtesy. */
export interface PreviewPublisher {
  add(parts: readonly DeltaPart[]): void
  /** What waits still goes out; nothing more can be added. */
  close(): void
}

export interface PublisherOptions {
  readonly source: DeltaSource
  readonly publish: (batch: DeltaBatch) => Promise<void>
  readonly after?: After
}

/** Between two batches at least this long, unless a whole batch waits. */
const REST_MS = 20
/** What may wait for a slow channel before the rest of the preview is given up. */
const MOST_WAITING = 64 * 1024

/**
 * The first batch goes out at once, and so does one after a rest; what comes in between is put together. One batch is
 * under way at a time. After one that failed the rest would be a gap to every reader, so nothing more is sent.
 */
export function createPreviewPublisher(options: PublisherOptions): PreviewPublisher {
  const { source, publish, after = systemAfter } = options
  const buffer = createPreviewBuffer()
  let seq = 0
  let isSending = false
  let isClosed = false
  let stopResting: (() => void) | null = null

  async function send(): Promise<void> {
    const isEarly = stopResting !== null && buffer.bytes < BATCH_BYTES && !isClosed
    if (buffer.bytes === 0 || isSending || isEarly) return
    isSending = true
    rest()
    try {
      await publish({ ...source, seq: seq++, parts: buffer.takeBatch() })
    } catch {
      return giveUp()
    }
    isSending = false
    void send()
  }

  function rest(): void {
    stopResting?.()
    stopResting = null
    if (isClosed) return
    stopResting = after(REST_MS, () => {
      stopResting = null
      void send()
    })
  }

  function close(): void {
    isClosed = true
    stopResting?.()
    stopResting = null
  }

  function giveUp(): void {
    buffer.clear()
    close()
  }

  return {
    add(parts) {
      if (isClosed) return
      // What waited before says how slow the channel is; a single answer may be as long as it likes.
      if (buffer.bytes > MOST_WAITING) return giveUp()
      for (const part of parts) buffer.add(part)
      void send()
    },
    close() {
      close()
      void send()
    },
  }
}
