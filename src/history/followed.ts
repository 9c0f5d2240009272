import { setTimeout as rest } from 'node:timers/promises'
import type { EarlierRun } from '../session/carry.ts'
import type { ArchivedRun, LogArchive } from './archive.ts'
import type { HistoryItem } from './item.ts'
import type { LogItem, Started } from './project.ts'
import { carriedBy } from './project.ts'
import type { ActivityMark } from './run-log.ts'
import { isNotFound } from './source.ts'
import type { LogView } from './tracked.ts'
import { TrackedLog } from './tracked.ts'
import type { WatcherPorts, Watching } from './watcher.ts'
import { startWatching } from './watcher.ts'

/** How long a reader waits for the archive when it can do without. */
const ARCHIVE_MS = 500

/** A session whose log is nowhere, or not whole: never answered as a shorter log. */
export class LogNotFound extends Error {
  override readonly name: string = 'LogNotFound'
}

/** The session is there, but not all of its log. */
export class LogIncomplete extends LogNotFound {
  override readonly name = 'LogIncomplete'
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
  readonly archive: LogArchive
  /** Called when the server has the session no more. */
  readonly gone: () => void
}

/** A log that catches up with its history when it is read and follows it while somebody listens. */
export class FollowedLog {
  readonly #log: TrackedLog
  readonly #options: FollowedOptions
  readonly #listeners = new Set<Listener>()
  /** Those of them that have been told where the log stands. */
  readonly #begun = new Set<Listener>()
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
    return this.#log.isKnown ? this.#log.view() : null
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
      this.#begun.delete(listener)
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
    this.#begun.add(listener)
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
    const log = this.#log
    if (!log.isKnown) await this.#load()
    else if (!log.isEnded) await this.#goOn()
    // Also what has ended only now: it may have been reset before anybody read so far.
    if (log.isEnded && (await this.#isElsewhere())) await this.#startOver()
    await this.#dropArchived()
  }

  /** Whether a session that has ended here goes on in another run, by a reset. */
  async #isElsewhere(): Promise<boolean> {
    const { session, current } = this.#log
    // What is not in history cannot be reset.
    if (!current) return false
    if (current.isGivenUp) return true
    // Where the server does not answer, what has ended is read as it is known.
    const present = await this.#options.source.present(session).catch(() => current.id)
    return present !== current.id
  }

  /** The log is not what whoever listens has been told: they have to come back for it. */
  async #startOver(): Promise<void> {
    this.#stopWatching()
    for (const listener of this.#begun) listener.ended()
    this.#log.clear()
    await this.#load()
  }

  /** From where the log was read to last, through all runs that have followed since. */
  async #goOn(): Promise<void> {
    const log = this.#log
    const { source } = this.#options
    try {
      for (let run = log.current; run; run = run.next !== null && log.current !== run ? log.current : null) {
        log.take(run.id, await source.read(log.session, run.id, run.lastEvent))
        if (run.next !== null) log.take(run.next, await source.read(log.session, run.next, 0))
      }
    } catch (error) {
      if (!isNotFound(error)) throw error
      // History has let go of what was never read: whoever listens would miss it.
      await this.#startOver()
    }
  }

  /** The present run, and before it those that the archive does not have. All of them, or nothing is known. */
  async #load(): Promise<void> {
    const log = this.#log
    const { source, archive } = this.#options
    try {
      const present = await source.read(log.session, null, 0)
      const [first] = present
      if (first?.type !== 'started') throw new LogNotFound(`the history of ${log.session} has no beginning`)
      const earlier = await this.#readEarlier(carriedBy(first)?.unarchived ?? [])
      for (const { id, items } of earlier) log.take(id, items)
      log.take(idOf(first, present), present)
    } catch (error) {
      if (!isNotFound(error)) throw error
      const kept = await archive.newest(log.session)
      // A run that was followed by another one is not the end of the log, which is then lost.
      if (kept?.state?.status !== 'terminated') {
        throw new LogNotFound(`no history of ${log.session}`, { cause: error })
      }
      await this.#demandAllBefore(kept)
      log.settle(kept)
    }
  }

  async #readEarlier(runs: readonly EarlierRun[]): Promise<readonly { id: string; items: readonly HistoryItem[] }[]> {
    if (!runs[0]) return []
    const { session } = this.#log
    const { source, archive } = this.#options
    // An archive that does not answer is asked again only for what history has not.
    const kept = await archive.runs(session, runs[0].run).catch(() => [])
    const missing = runs.filter(({ id }) => !kept.some((archived) => archived.id === id && archived.closed))
    const found: { id: string; items: readonly HistoryItem[] }[] = []
    for (const { run, id } of missing) {
      try {
        found.push({ id, items: await source.read(session, id, 0) })
      } catch (error) {
        if (!isNotFound(error)) throw error
        // It may have come into the archive meanwhile.
        const again = await archive.runs(session, run)
        if (again.some((archived) => archived.id === id && archived.closed)) continue
        const message = `run ${run} of ${session} is neither in history nor in the archive`
        throw new LogIncomplete(message, { cause: error })
      }
    }
    return found
  }

  /** A run that was not copied in time is missed by nobody else once history has let go of its successors too. */
  async #demandAllBefore(last: ArchivedRun): Promise<void> {
    const { session } = this.#log
    const all = await this.#options.archive.runs(session, 1)
    const kept = new Map(all.flatMap((one) => (one.closed ? [[one.id, one]] : [])))
    for (let run: ArchivedRun | undefined = last; run && run.follows !== null; run = kept.get(run.follows)) {
      if (kept.has(run.follows)) continue
      throw new LogIncomplete(`the run before run ${run.run} of ${session} is neither in history nor in the archive`)
    }
  }

  /** Only to free memory: where the archive does not answer, or not soon, they stay. */
  async #dropArchived(): Promise<void> {
    const log = this.#log
    const closed = log.runs.filter((run) => run !== log.current)
    if (!closed[0]) return
    const answer = this.#options.archive.runs(log.session, closed[0].number).catch(() => [])
    const kept = await Promise.race([answer, rest(ARCHIVE_MS, [], { ref: false })])
    log.drop(kept.flatMap((run) => (run.closed ? [run.id] : [])))
  }

  #watch(): void {
    if (this.#watching) return
    // Where nobody but subscribers reads, runs that are in the archive would stay in memory for ever.
    const crossed = (): void => void this.#dropArchived()
    const watching = startWatching(this.#log, { ...this.#options, crossed })
    this.#watching = watching
    void watching.gone.then(() => (this.#watching === watching ? this.#options.gone() : undefined))
  }

  #stopWatching(): void {
    this.#watching?.stop()
    this.#watching = null
  }
}

/** Temporal's id of the run: a reset gave it another one than stands in its beginning. */
function idOf(first: Started, items: readonly HistoryItem[]): string {
  const reset = items.findLast((item) => item.type === 'reset')
  return (reset ?? first).runId
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
