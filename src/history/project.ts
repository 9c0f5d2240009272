import { createHash } from 'node:crypto'
import { parseArrivals } from '../session/arrival.ts'
import type { Incoming } from '../session/arrival.ts'
import type { Arrival, Entry, PublicEntry } from '../session/entry.ts'
import { isPrivate, isQueued } from '../session/entry.ts'
import { fold, foldArrival } from '../session/fold.ts'
import { DELETED_REASON } from '../session/names.ts'
import { startingState } from '../session/start.ts'
import type { LogState } from '../session/state.ts'
import type { LogEntry } from '../session/transcript.ts'
import type { SessionEvent } from '../wire/types.ts'
import { formatId } from '../wire/ids.ts'
import type { HistoryItem } from './item.ts'
import type { Position } from './position.ts'

/** One element of the log as history shows it. */
export interface LogItem {
  readonly position: Position
  /** Milliseconds since the epoch; never less than the item's before it. */
  readonly at: number
  /** What the log says here: a mark stands as the input that takes effect. Null for what only readers' clients see. */
  readonly says: LogEntry | null
  /** What a client sees, or null for private records. */
  readonly shown: SessionEvent | null
  /** False for the echo of an input that still waits in the queue. */
  readonly finished: boolean
}

/**
 * The fold of a run's history: its items in, the log and its state out. The same items give the same log. What cannot
 * be read adds nothing; the workflow tells of it in its own decisions.
 */
export class Projection {
  #state: LogState = startingState(undefined)
  readonly #session: string
  readonly #run: number
  /** Contents of the run's batches, by number of the signal, for the ids that the workflow mints. */
  readonly #batches: (readonly Incoming[])[] = []
  /** Scheduled events whose cancellation was requested: what they complete with later is an entry for nobody. */
  readonly #cancelled = new Set<number>()
  #at = 0
  #items: LogItem[] = []
  #place = { event: 0, index: 0 }

  constructor(session: string, run: number) {
    this.#session = session
    this.#run = run
  }

  get state(): LogState {
    return this.#state
  }

  /** Takes the next item of history, in order; answers what it adds to the log. */
  take(item: HistoryItem): readonly LogItem[] {
    this.#items = []
    this.#place = { event: item.eventId, index: 0 }
    this.#at = Math.max(this.#at, item.at)
    switch (item.type) {
      case 'started':
        this.#start(item.input)
        break
      case 'signaled':
        this.#arrive(item.payload)
        break
      case 'decided':
        this.#record(item.entries)
        break
      case 'cancel_requested':
        this.#cancelled.add(item.scheduled)
        break
      case 'completed':
        if (!this.#cancelled.has(item.scheduled)) this.#record(field(item.result, 'entries'))
        break
      case 'ended':
        this.#end(item)
        break
      case 'scheduled':
      case 'lost':
        break
    }
    return this.#items
  }

  #start(input: unknown): void {
    this.#state = startingState(input)
    if (field(input, 'events') === undefined) this.#batches.push([])
    else this.#arrive(input)
  }

  #arrive(payload: unknown): void {
    const parsed = parseArrivals(payload)
    const events = parsed.ok ? parsed.events : []
    this.#batches.push(events)
    for (const event of events) {
      if (event.id !== undefined) this.#accept({ ...event, id: event.id })
      this.#place.index += 1
    }
  }

  /** A repeated id changes nothing and is shown to nobody. */
  #accept(event: Arrival): void {
    const next = foldArrival(this.#state, event)
    if (next === this.#state) return
    this.#state = next
    if (isQueued(event)) this.#add({ says: null, shown: toWire(event, null), finished: false })
    else this.#add({ says: event, shown: toWire(event, this.#at), finished: true })
  }

  #record(entries: unknown): void {
    if (!Array.isArray(entries)) return
    for (const entry of entries) {
      // Written by our own workflow and activities; kinds that this version does not know fall through the fold.
      if (typeof field(entry, 'type') === 'string') this.#take(entry as Entry)
      this.#place.index += 1
    }
  }

  #take(entry: Entry): void {
    if (entry.type === 'log.minted') {
      const event = this.#batches[entry.signal]?.[entry.index]
      if (event) this.#accept({ ...event, id: entry.id })
      return
    }
    const before = this.#state
    this.#state = fold(before, entry)
    if (entry.type === 'log.mark') {
      const event = before.queue.find(({ id }) => id === entry.id)
      if (event) this.#add({ says: entry.dropped ? null : event, shown: toWire(event, this.#at), finished: true })
      return
    }
    this.#add({ says: entry, shown: isPrivate(entry) ? null : toWire(entry, this.#at), finished: true })
  }

  /** A run that ended without a word of its workflow: the only entries with derived ids. */
  #end(item: Extract<HistoryItem, { type: 'ended' }>): void {
    if (item.how === 'completed' || this.#state.status === 'terminated') return
    if (item.how === 'terminated' && item.reason === DELETED_REASON) {
      return this.#derive({ type: 'session.deleted' })
    }
    const message = `harness: the session's workflow ${ENDED[item.how]}${item.reason ? `: ${item.reason}` : ''}`
    const error = { type: 'unknown_error', message, retry_status: { type: 'terminal' } } as const
    this.#derive({ type: 'session.error', error })
    this.#derive({ type: 'session.status_terminated' })
  }

  #derive(event: DerivedEvent): void {
    const { event: eventId, index } = this.#place
    const hash = createHash('sha256').update(`${this.#session} ${this.#run} ${eventId} ${index}`).digest()
    const entry = { ...event, id: formatId('sevt', Math.floor(this.#at / 1000), hash.subarray(0, 12)) }
    this.#state = fold(this.#state, entry)
    this.#add({ says: entry, shown: toWire(entry, this.#at), finished: true })
    this.#place.index += 1
  }

  #add(item: Pick<LogItem, 'says' | 'shown' | 'finished'>): void {
    this.#items.push({ position: { run: this.#run, ...this.#place }, at: this.#at, ...item })
  }
}

type DerivedEvent =
  | Omit<Extract<PublicEntry, { type: 'session.error' }>, 'id'>
  | { readonly type: 'session.status_terminated' | 'session.deleted' }

const ENDED = {
  failed: 'failed',
  timed_out: 'timed out',
  canceled: 'was cancelled',
  terminated: 'was terminated',
} as const

function toWire(entry: PublicEntry | Arrival, at: number | null): SessionEvent {
  // An entry with its time is the wire's event.
  return { ...entry, processed_at: at === null ? null : new Date(at).toISOString() } as SessionEvent
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}
