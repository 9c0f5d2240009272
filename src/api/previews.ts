import type { ActivityMark } from '../history/run-log.ts'
import type { PreviewedType } from '../store/deltas.ts'
import type { FramedBatch } from './preview-feed.ts'

/** Batches that may wait on one stream for the log to catch up with them. */
const MOST_HELD = 32

/**
 * Which previews a stream shows. What goes on the stream follows the rules that clients count on, however batches and
 * the log overtake each other:
 *
 * - a model call's preview begins after the stream has shown everything up to the call's scheduled event, so a stream
 *   that was opened while a call was under way shows none of it;
 * - of each try all batches from the first on and without a gap, or none of the rest;
 * - nothing of a try after a later one has begun, and nothing of a call that is over.
 */
export interface Previews {
  /** A batch from the channel. Answers the frames to send now. */
  arrive(batch: FramedBatch): readonly string[]
  /** What became of activities, after the stream has shown all that stands before. Answers the frames to send now. */
  follow(marks: readonly ActivityMark[]): readonly string[]
  /** The reader is slow: what is under way is not shown any further. */
  shed(): void
}

interface Running {
  attempt: number
  /** The only number of a batch that may follow; null when none may. */
  next: number | null
}

export function createPreviews(wanted: ReadonlySet<PreviewedType>): Previews {
  const running = new Map<string, Running>()
  let held: readonly FramedBatch[] = []

  function show(batch: FramedBatch, call: Running): readonly string[] {
    if (batch.attempt > call.attempt) {
      call.attempt = batch.attempt
      call.next = 0
    }
    if (batch.attempt < call.attempt || call.next === null || batch.seq < call.next) return []
    call.next = batch.seq === call.next ? batch.seq + 1 : null
    if (call.next === null) return []
    return batch.frames.flatMap(({ of, frame }) => (wanted.has(of) ? [frame] : []))
  }

  /** Takes what waits for this activity. */
  function release(key: string): readonly FramedBatch[] {
    const mine = held.filter((batch) => keyOf(batch) === key)
    if (mine.length > 0) held = held.filter((batch) => keyOf(batch) !== key)
    return mine
  }

  return {
    arrive(batch) {
      const call = running.get(keyOf(batch))
      if (call) return show(batch, call)
      // The oldest goes first: it is of a call that this stream never shows, or has waited too long.
      held = [...held, batch].slice(-MOST_HELD)
      return []
    },
    follow(marks) {
      // The stream has shown the events of all these marks: of a call that began and ended among them nothing may follow.
      const over = new Set(marks.filter(({ is }) => is === 'over').map(keyOf))
      return marks.flatMap((mark) => {
        const key = keyOf(mark)
        const mine = release(key)
        if (over.has(key)) {
          running.delete(key)
          return []
        }
        const call: Running = { attempt: 0, next: null }
        running.set(key, call)
        return mine.flatMap((batch) => show(batch, call))
      })
    },
    shed() {
      held = []
      for (const call of running.values()) call.next = null
    },
  }
}

/** Activity ids count within their run. */
function keyOf({ run, activity }: { readonly run: string; readonly activity: string }): string {
  return `${run} ${activity}`
}
