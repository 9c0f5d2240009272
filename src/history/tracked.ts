import type { LogState } from '../session/state.ts'
import type { HistoryItem } from './item.ts'
import type { LogItem } from './project.ts'
import { Projection } from './project.ts'

/** A session's log as one reader sees it at one moment. */
export interface LogView {
  readonly session: string
  readonly state: LogState
  /** Every item in log order; queued inputs stand where they arrived, unfinished. Never changed in place. */
  readonly items: readonly LogItem[]
  /** Activity ids and how many items stood in the log when each was scheduled. */
  readonly scheduled: ReadonlyMap<string, number>
  /** Time of the first and of the last history event read, milliseconds since the epoch. */
  readonly startedAt: number
  readonly changedAt: number
  readonly archivedAt: number | null
  readonly length: number
}

/** A log in memory that grows by items of history, from whichever reader brings them first. */
export class TrackedLog {
  readonly session: string
  readonly #projection: Projection
  readonly #items: LogItem[] = []
  readonly #scheduled = new Map<string, number>()
  readonly #listeners = new Set<(items: readonly LogItem[]) => void>()
  #runId: string | null = null
  #lastEvent = 0
  #startedAt = 0
  #changedAt = 0
  #archivedAt: number | null = null
  #ended = false

  constructor(session: string) {
    this.session = session
    this.#projection = new Projection(session, 1)
  }

  get runId(): string | null {
    return this.#runId
  }

  /** Id of the last history event taken. */
  get lastEvent(): number {
    return this.#lastEvent
  }

  /** Whether nothing can follow any more. */
  get isEnded(): boolean {
    return this.#ended
  }

  get isListenedTo(): boolean {
    return this.#listeners.size > 0
  }

  /** Takes items in order; those that another reader has brought already are skipped. */
  take(items: readonly HistoryItem[]): void {
    const from = this.#items.length
    for (const item of items) {
      if (item.eventId <= this.#lastEvent) continue
      this.#takeOne(item)
      this.#lastEvent = item.eventId
    }
    const added = this.#items.slice(from)
    if (added.length > 0 || this.#ended) for (const listener of this.#listeners) listener(added)
  }

  /** Calls back with what is added from now on, until the returned function is called. */
  listen(listener: (items: readonly LogItem[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  view(): LogView {
    return {
      session: this.session,
      state: this.#projection.state,
      items: this.#items.slice(),
      scheduled: this.#scheduled,
      startedAt: this.#startedAt,
      changedAt: this.#changedAt,
      archivedAt: this.#archivedAt,
      length: this.#lastEvent,
    }
  }

  #takeOne(item: HistoryItem): void {
    if (item.type === 'started') {
      this.#runId = item.runId
      this.#startedAt = item.at
    }
    if (item.type === 'scheduled') this.#scheduled.set(item.activityId, this.#items.length)
    if (item.type === 'ended') this.#ended = true
    const added = this.#projection.take(item)
    for (const entry of added) if (entry.says?.type === 'log.archived') this.#archivedAt = entry.at
    this.#items.push(...added)
    if (added.length > 0 || item.type === 'started') this.#changedAt = Math.max(item.at, this.#changedAt)
  }
}
