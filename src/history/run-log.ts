import type { LogState } from '../session/state.ts'
import type { Ending, HistoryItem } from './item.ts'
import type { Position } from './position.ts'
import type { LogItem } from './project.ts'
import { Projection } from './project.ts'

/**
 * What became of an activity, by the ids that its worker knows it by. `over`: whatever it still says is for nobody,
 * because it has ended or its cancellation was asked for.
 */
export interface ActivityMark {
  readonly run: string
  readonly activity: string
  readonly is: 'scheduled' | 'over'
}

/** What an item of history has added. */
export interface Added {
  readonly items: readonly LogItem[]
  readonly mark: ActivityMark | null
}

/** One run's part of a log, in memory. */
export class RunLog {
  /** Temporal's id of the run. */
  readonly id: string
  /** In log order; queued inputs stand where they arrived, unfinished. Only ever added to. */
  readonly items: LogItem[] = []
  readonly #projection: Projection
  readonly #scheduled = new Map<string, Position>()
  /** Activities that are not over, by their scheduled event. */
  readonly #running = new Map<number, string>()
  #lastEvent = 0
  #first = 1
  #follows: string | null = null
  #next: string | null = null
  #ended: Ending | null = null

  constructor(session: string, id: string) {
    this.id = id
    this.#projection = new Projection(session)
  }

  /** From 1; known once the run's first item was taken. Of a run that was reset, the number of what it added itself. */
  get number(): number {
    return this.#projection.run
  }

  /** The number with which its items begin: a reset one begins with items of the run that it was made of. */
  get first(): number {
    return this.#first
  }

  /** The run that handed over to this one, or to the one that it was made of. */
  get follows(): string | null {
    return this.#follows
  }

  /** Id of the last history event taken. */
  get lastEvent(): number {
    return this.#lastEvent
  }

  /** The run that this one handed over to; nothing follows here then. */
  get next(): string | null {
    return this.#next
  }

  /** Whether the run has ended without a successor. */
  get isEnded(): boolean {
    return this.#ended !== null
  }

  /** Whether the session goes on in another run, which history does not name here. */
  get isGivenUp(): boolean {
    return this.#ended === 'reset'
  }

  get isClosed(): boolean {
    return this.#ended !== null || this.#next !== null
  }

  get state(): LogState {
    return this.#projection.state
  }

  get projection(): Pick<Projection, 'startedAt' | 'changedAt' | 'archivedAt' | 'signals' | 'cuts'> {
    return this.#projection
  }

  /** Where the activity was scheduled: all that it may know of stands before. */
  scheduled(activity: string): Position | null {
    return this.#scheduled.get(activity) ?? null
  }

  /** Takes the next item; null for one that has been taken already. */
  take(item: HistoryItem): Added | null {
    if (item.eventId <= this.#lastEvent) return null
    this.#lastEvent = item.eventId
    if (item.type === 'ended') this.#ended = item.how
    if (item.type === 'continued') this.#next = item.next
    const items = this.#projection.take(item)
    if (item.type === 'started') {
      this.#first = this.number
      this.#follows = item.follows
    }
    this.items.push(...items)
    return { items, mark: this.#mark(item) }
  }

  #mark(item: HistoryItem): ActivityMark | null {
    switch (item.type) {
      case 'scheduled':
        this.#scheduled.set(item.activityId, { run: this.number, event: item.eventId, index: 0 })
        this.#running.set(item.eventId, item.activityId)
        return { run: this.id, activity: item.activityId, is: 'scheduled' }
      case 'completed':
      case 'cancel_requested':
      case 'lost': {
        const activity = this.#running.get(item.scheduled)
        this.#running.delete(item.scheduled)
        return activity === undefined ? null : { run: this.id, activity, is: 'over' }
      }
      default:
        return null
    }
  }
}
