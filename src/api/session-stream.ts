import type { LogItem } from '../history/project.ts'
import { formatPosition } from '../history/position.ts'
import type { Subscriber } from '../history/session-log.ts'
import type { ActivityMark } from '../history/tracked.ts'
import { KEEP_ALIVE, formatEvent } from '../wire/sse.ts'
import type { FrameWriter } from './frame-writer.ts'
import type { FramedBatch } from './preview-feed.ts'
import type { Previews } from './previews.ts'

interface Step {
  readonly items: readonly LogItem[]
  readonly marks: readonly ActivityMark[]
}

/**
 * One reader's stream of a session. Until it is opened, and while the reader still takes what it had missed, steps of
 * the log wait in order; then they are written as they come. Previews go between them and are the first thing that a
 * slow reader does without.
 */
export class SessionStream implements Subscriber {
  readonly #writer: FrameWriter
  readonly #previews: Previews
  readonly #framesOf: Framer
  #waiting: Step[] | null = []
  #isEnded = false

  constructor(writer: FrameWriter, previews: Previews, framesOf: Framer) {
    this.#writer = writer
    this.#previews = previews
    this.#framesOf = framesOf
  }

  added(items: readonly LogItem[], marks: readonly ActivityMark[]): void {
    if (this.#waiting) this.#waiting.push({ items, marks })
    else this.#show(this.#framesOf(items), marks)
  }

  ended(): void {
    this.#isEnded = true
    if (!this.#waiting) this.#writer.end()
  }

  preview(batch: FramedBatch): void {
    const frames = this.#previews.arrive(batch)
    // The log's end of this call may be among what still waits.
    if (this.#waiting && frames.length > 0) this.#previews.shed()
    else this.#preview(frames)
  }

  keepAlive(): void {
    if (!this.#writer.isBehind) this.#writer.write(KEEP_ALIVE)
  }

  /** Writes what was missed and what came meanwhile, at the reader's pace, and goes over to what comes. */
  async open(missed: readonly LogItem[]): Promise<void> {
    const waiting = (this.#waiting ??= [])
    if (missed.length > 0) waiting.unshift({ items: missed, marks: [] })
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      for (const item of step.items) {
        this.#writer.write(frameOf(item))
        if (this.#writer.isBehind) await this.#writer.drained()
        if (this.#writer.isOver) return
      }
      this.#show('', step.marks)
    }
    this.#waiting = null
    if (this.#isEnded) this.#writer.end()
  }

  #show(frames: string, marks: readonly ActivityMark[]): void {
    this.#writer.write(frames)
    if (marks.length > 0) this.#preview(this.#previews.follow(marks))
  }

  #preview(frames: readonly string[]): void {
    if (frames.length === 0) return
    if (this.#writer.isBehind) this.#previews.shed()
    else this.#writer.write(frames.join(''))
  }
}

/** The frames of a list of items; the same list has the same frames. */
export type Framer = (items: readonly LogItem[]) => string

/** Subscribers of a session are told of the same list one after the other: its frames are made for the first. */
export function createFramer(): Framer {
  const made = new WeakMap<readonly LogItem[], string>()
  return (items) => {
    const frames = made.get(items) ?? items.map(frameOf).join('')
    made.set(items, frames)
    return frames
  }
}

function frameOf({ shown, position }: LogItem): string {
  return shown ? formatEvent(shown, formatPosition(position)) : ''
}
