import type { LogItem } from '../history/project.ts'
import { formatPosition } from '../history/position.ts'
import type { Subscriber } from '../history/session-log.ts'
import type { ActivityMark } from '../history/run-log.ts'
import { weigh } from '../session/weight.ts'
import { KEEP_ALIVE, formatEvent } from '../wire/sse.ts'
import type { FrameWriter } from './frame-writer.ts'
import type { FramedBatch } from './preview-feed.ts'
import type { Previews } from './previews.ts'
import { isKeptElsewhere } from './whole.ts'

/** Characters of a large frame that are written at once. */
const PIECE_LENGTH = 256 * 1024
/** What may come while a reader catches up, in characters; more of it, and the reader counts as too slow. */
const MOST_WAITING = 8 * 1024 * 1024
/** What a step takes in memory besides its events. */
const STEP_SIZE = 256

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
  readonly #frames: Frames
  #waiting: Step[] | null = []
  #waitingSize = 0
  #isEnded = false

  constructor(writer: FrameWriter, previews: Previews, frames: Frames) {
    this.#writer = writer
    this.#previews = previews
    this.#frames = frames
  }

  added(items: readonly LogItem[], marks: readonly ActivityMark[]): void {
    if (this.#waiting) this.#hold(this.#waiting, { items, marks })
    else if (items.some(isKeptElsewhere)) void this.#wait({ items, marks })
    else this.#show(this.#frames.of(items), marks)
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
    // A large frame is on its way in pieces.
    if (!this.#waiting && !this.#writer.isBehind) this.#writer.write(KEEP_ALIVE)
  }

  /** Writes what was missed and what came meanwhile, at the reader's pace, and goes over to what comes. */
  async open(missed: AsyncIterable<readonly LogItem[]> | null): Promise<void> {
    try {
      // Without it there is nothing to wait for, and what comes next is live already.
      if (missed) for await (const items of missed) if (!(await this.#writeAll(items))) return
      await this.#goOn((this.#waiting ??= []))
    } catch (error) {
      this.#writer.write(this.#frames.ofFailure(error))
      this.#writer.end()
    }
  }

  /** A reader for whom too much waits is cut off, and comes back with its Last-Event-ID to go on. */
  #hold(waiting: Step[], step: Step): void {
    this.#waitingSize += sizeOf(step)
    if (this.#waitingSize > MOST_WAITING) this.#writer.cutOff()
    if (this.#writer.isOver) waiting.length = 0
    else waiting.push(step)
  }

  /** What has large parts is written at the reader's pace, and what comes meanwhile behind it. */
  async #wait(step: Step): Promise<void> {
    this.#hold((this.#waiting = []), step)
    await this.open(null)
  }

  async #goOn(waiting: Step[]): Promise<void> {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      this.#waitingSize -= sizeOf(step)
      const isTaken = this.#writeAll(step.items)
      if (!(isTaken === true || (await isTaken))) return
      this.#show('', step.marks)
    }
    this.#waiting = null
    if (this.#isEnded) this.#writer.end()
  }

  /** False when the reader is gone; a promise only when there is something to wait for. */
  #writeAll(items: readonly LogItem[]): boolean | Promise<boolean> {
    for (const [index, item] of items.entries()) {
      const taken = this.#write(item)
      if (taken) return taken.then(() => !this.#writer.isOver && this.#writeAll(items.slice(index + 1)))
    }
    return !this.#writer.isOver
  }

  #write(item: LogItem): Promise<void> | null {
    if (isKeptElsewhere(item)) return this.#writeLarge(item)
    this.#writer.write(frameOf(item))
    return this.#writer.isBehind ? this.#writer.drained() : null
  }

  /** A frame of any size is taken by a reader that reads, when it comes in pieces. */
  async #writeLarge(item: LogItem): Promise<void> {
    const frame = await this.#frames.ofLarge(item)
    for (let from = 0; from < frame.length; from += PIECE_LENGTH) {
      this.#writer.write(frame.slice(from, from + PIECE_LENGTH))
      if (this.#writer.isBehind) await this.#writer.drained()
    }
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

/** What stands on a stream. */
export interface Frames {
  /** Of a list of items that are all there; the same list has the same frames. */
  readonly of: (items: readonly LogItem[]) => string
  /** Of an item with parts that are kept elsewhere, which are read; rejects when one is gone. */
  readonly ofLarge: (item: LogItem) => Promise<string>
  /** The last one of a stream that cannot go on. */
  readonly ofFailure: (error: unknown) => string
}

/** Subscribers of a session are told of the same list one after the other: its frames are made for the first. */
export function createFramer(): Frames['of'] {
  const made = new WeakMap<readonly LogItem[], string>()
  return (items) => {
    const frames = made.get(items) ?? items.map(frameOf).join('')
    made.set(items, frames)
    return frames
  }
}

function sizeOf({ items }: Step): number {
  return items.reduce((sum, { shown }) => sum + (shown ? weigh(shown) : 0), STEP_SIZE)
}

export function frameOf({ shown, position }: Pick<LogItem, 'shown' | 'position'>): string {
  return shown ? formatEvent(shown, formatPosition(position)) : ''
}
