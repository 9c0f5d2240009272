import type { LogItem } from './project.ts'
import { isNotFound } from './source.ts'
import type { ActivityMark, LogView } from './tracked.ts'
import { TrackedLog } from './tracked.ts'
import type { WatcherPorts, Watching } from './watcher.ts'
import { startWatching } from './watcher.ts'

/** A session whose log is nowhere: never answered as a shorter log. */
export class LogNotFound extends Error {
  override readonly name = 'LogNotFound'
}

/** What a subscriber gets: what is added to the log, then, once, that nothing more will come. */
export interface Subscriber {
  /**
   * Items in log order, and what became of activities, in one go: all that stands in the log before a mark has been told
   * of. Either may be empty. Subscribers of one session get the same arrays.
   */
  added(items: readonly LogItem[], marks: readonly ActivityMark[]): void
  ended(): void
}

export interface FollowedOptions extends WatcherPorts {
  /** Called when the server has the session no more. */
  readonly gone: () => void
}

/** A log that catches up with its history when it is read and follows it while somebody listens. */
export class FollowedLog {
  readonly #log: TrackedLog
  readonly #options: FollowedOptions
  readonly #listeners = new Set<Listener>()
  #reading: Promise<void> | null = null
  #next: Promise<void> | null = null
  #watching: Watching | null = null

  constructor(session: string, options: FollowedOptions) {
    this.#log = new TrackedLog(session)
    this.#options = options
  }

  get isListenedTo(): boolean {
    return this.#listeners.size > 0
  }

  /** The log as it was known when last read, or null before that. */
  known(): LogView | null {
    return this.#log.lastEvent > 0 ? this.#log.view() : null
  }

  async read(): Promise<LogView> {
    await this.#refresh()
    return this.#log.view()
  }

  async subscribe(subscriber: Subscriber): Promise<{ readonly view: LogView; readonly cancel: () => void }> {
    const listener = untilEnded(subscriber)
    this.#listeners.add(listener)
    let unlisten = (): void => undefined
    const cancel = (): void => {
      listener.stop()
      unlisten()
      this.#listeners.delete(listener)
      if (!this.isListenedTo) this.#stopWatching()
    }
    try {
      await this.#refresh()
    } catch (error) {
      cancel()
      throw error
    }
    unlisten = this.#log.listen((items, marks) => {
      if (items.length > 0 || marks.length > 0) listener.added(items, marks)
      if (this.#log.isEnded) listener.ended()
    })
    if (this.#log.isEnded) queueMicrotask(() => listener.ended())
    else if (!listener.isOver()) this.#watch()
    return { view: this.#log.view(), cancel }
  }

  /** Ends every subscription; whoever still holds this log hears nothing more of it. */
  end(): void {
    this.#stopWatching()
    for (const listener of this.#listeners) listener.ended()
  }

  /** Stops following without a word to anybody. */
  stop(): void {
    this.#stopWatching()
    for (const listener of this.#listeners) listener.stop()
  }

  /** A reader is answered by a catch-up that began after it asked; readers that wait meanwhile share the next one. */
  #refresh(): Promise<void> {
    if (!this.#reading) {
      this.#reading = this.#catchUp().finally(() => (this.#reading = null))
      return this.#reading
    }
    this.#next ??= this.#reading
      .catch(() => undefined)
      .then(() => {
        this.#next = null
        return this.#refresh()
      })
    return this.#next
  }

  async #catchUp(): Promise<void> {
    const { session, runId, lastEvent, isEnded } = this.#log
    if (isEnded) return
    try {
      this.#log.take(await this.#options.source.read(session, runId, lastEvent))
    } catch (error) {
      if (isNotFound(error)) throw new LogNotFound(`no history of ${session}`, { cause: error })
      throw error
    }
  }

  #watch(): void {
    if (this.#watching) return
    const watching = startWatching(this.#log, this.#options)
    this.#watching = watching
    void watching.gone.then(() => (this.#watching === watching ? this.#options.gone() : undefined))
  }

  #stopWatching(): void {
    this.#watching?.stop()
    this.#watching = null
  }
}

interface Listener extends Subscriber {
  /** From here on the subscriber is told nothing more. */
  stop(): void
  isOver(): boolean
}

/** Several readers may bring a session's end, and a deletion may come on top: the subscriber is told once. */
function untilEnded(subscriber: Subscriber): Listener {
  let isOver = false
  return {
    added(items, marks) {
      if (!isOver) subscriber.added(items, marks)
    },
    ended() {
      if (isOver) return
      isOver = true
      subscriber.ended()
    },
    stop() {
      isOver = true
    },
    isOver: () => isOver,
  }
}
