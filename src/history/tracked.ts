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

/**
 * What became of an activity, by the ids that its worker knows it by. `over`: whatever it still says is for nobody,
 * because it has ended or its cancellation was asked for.
 */
export interface ActivityMark {
  readonly run: string
  readonly activity: string
  readonly is: 'scheduled' | 'over'
}

/** What one step of reading has added: items in log order, and what became of activities in the order of history. */
export type Listener = (items: readonly LogItem[], marks: readonly ActivityMark[]) => void

/** A log in memory that grows by items of history, from whichever reader brings them first. */
export class TrackedLog {
  readonly session: string
  readonly #projection: Projection
  readonly #items: LogItem[] = []
  readonly #scheduled = new Map<string, number>()
  /** Activities that are not over, by their scheduled event. */
  readonly #running = new Map<number, string>()
  readonly #listeners = new Set<Listener>()
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
    const marks: ActivityMark[] = []
    for (const item of items) {
      if (item.eventId <= this.#lastEvent) continue
      this.#takeOne(item)
      const mark = this.#mark(item)
      if (mark) marks.push(mark)
      this.#lastEvent = item.eventId
    }
    const added = this.#items.slice(from)
    if (added.length === 0 && marks.length === 0 && !this.#ended) return
    for (const listener of this.#listeners) listener(added, marks)
  }

  /** Calls back with what is added from now on, until the returned function is called. */
  listen(listener: Listener): () => void {
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

  #mark(item: HistoryItem): ActivityMark | null {
    const run = this.#runId ?? ''
    switch (item.type) {
      case 'scheduled':
        this.#running.set(item.eventId, item.activityId)
        return { run, activity: item.activityId, is: 'scheduled' }
      case 'completed':
      case 'cancel_requested':
      case 'lost': {
        const activity = this.#running.get(item.scheduled)
        this.#running.delete(item.scheduled)
        return activity === undefined ? null : { run, activity, is: 'over' }
      }
      default:
        return null
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
