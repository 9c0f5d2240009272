import type { After } from '../wire/after.ts'
import { after as systemAfter } from '../wire/after.ts'

/** The end of an HTTP response as its writer needs it. */
export interface Outlet {
  /** Bytes that wait for the reader. */
  readonly writableLength: number
  write(text: string): unknown
  end(): unknown
  destroy(): unknown
  once(event: 'drain' | 'close', listener: () => void): unknown
  off(event: 'drain' | 'close', listener: () => void): unknown
}

export interface FrameWriterOptions {
  /** The last frame of a reader that is too slow. */
  readonly farewell: () => string
  /** Called once, when nothing more is written: the stream was ended or cut off, or its reader has left. */
  readonly over: () => void
  readonly after?: After
}

/** With so much waiting a reader is behind: it is not sent what it can do without. */
const BEHIND_BYTES = 256 * 1024
/** What may wait for a reader before it is cut off. */
const MOST_BYTES = 8 * 1024 * 1024
/**
 * How long a reader may take for what waits when its stream has ended, or is being filled, before it counts as gone.
 * The SDK's tool runner reads nothing while a tool runs, for up to 120 s.
 */
const PATIENCE_MS = 180_000

/**
 * Writes frames to one reader at the reader's pace. A reader for whom too much waits gets a last frame that says so and
 * then the end; whatever is written afterwards goes nowhere.
 */
export class FrameWriter {
  readonly #outlet: Outlet
  readonly #options: Required<FrameWriterOptions>
  #isOver = false

  constructor(outlet: Outlet, { farewell, over, after = systemAfter }: FrameWriterOptions) {
    this.#outlet = outlet
    this.#options = { farewell, over, after }
    outlet.once('close', () => this.#finish())
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get isBehind(): boolean {
    return this.#outlet.writableLength > BEHIND_BYTES
  }

  write(text: string): void {
    if (this.#isOver || text === '') return
    this.#outlet.write(text)
    if (this.#outlet.writableLength > MOST_BYTES) this.cutOff()
  }

  /** Resolves when nothing waits any more or the stream is over; a reader that takes too long for it is cut off. */
  async drained(): Promise<void> {
    if (this.#isOver || this.#outlet.writableLength === 0) return
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        stop()
        this.#outlet.off('drain', settle)
        this.#outlet.off('close', settle)
        resolve()
      }
      const stop = this.#options.after(PATIENCE_MS, () => {
        this.cutOff()
        settle()
      })
      this.#outlet.once('drain', settle)
      this.#outlet.once('close', settle)
    })
  }

  /** Ends the stream behind what waits; a reader that does not take that in time is left. */
  end(): void {
    if (this.#isOver) return
    this.#outlet.end()
    const stop = this.#options.after(PATIENCE_MS, () => this.#outlet.destroy())
    this.#outlet.once('close', stop)
    this.#finish()
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.over()
  }

  /** Ends the stream of a reader for whom too much waits, with the farewell. */
  cutOff(): void {
    if (this.#isOver) return
    this.#outlet.write(this.#options.farewell())
    this.end()
  }
}
