import { createHash } from 'node:crypto'
import { parseArrivals } from '../session/arrival.ts'
import type { Incoming } from '../session/arrival.ts'
import type { Arrival, BlobRef, Entry, PublicEntry } from '../session/entry.ts'
import { parseBlobs } from '../session/blobs.ts'
import { isPrivate, isQueued } from '../session/entry.ts'
import { putRepeatsBack } from '../session/repeats.ts'
import { fold, foldArrival } from '../session/fold.ts'
import { DELETED_REASON } from '../session/names.ts'
import { field } from '../session/field.ts'
import type { Carried } from '../session/carry.ts'
import { readCarried } from '../session/carry.ts'
import { numberAfterReset } from '../session/run-number.ts'
import { resourcesOf } from '../session/resources.ts'
import { startingState, takesResults } from '../session/start.ts'
import type { LogState } from '../session/state.ts'
import { blobsOf } from '../session/state.ts'
import type { LogEntry } from '../session/transcript.ts'
import type { SessionEvent } from '../wire/types.ts'
import { formatId } from '../wire/ids.ts'
import type { Cut } from './cut.ts'
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
  /** What of the entry is kept elsewhere: of `says` and of `shown`, whose places are the same. */
  readonly blobs?: readonly BlobRef[]
}

export type Started = Extract<HistoryItem, { type: 'started' }>

/** What the run before handed over; null for a session's first run. */
export function carriedBy({ follows, input }: Started): Carried | null {
  return follows === null ? null : readCarried(input)
}

/**
 * The fold of a run's history: its items in, the log and its state out. The same items give the same log. What cannot
 * be read adds nothing; the workflow tells of it in its own decisions.
 */
export class Projection {
  #state: LogState = startingState(undefined)
  #takesResults = false
  readonly #session: string
  #run = 1
  #cuts: readonly Cut[] = []
  /** Contents of the run's batches, by number of the signal, for the ids that the workflow mints. */
  readonly #batches: (readonly Incoming[])[] = []
  /** Scheduled events whose cancellation was requested: what they complete with later is an entry for nobody. */
  readonly #cancelled = new Set<number>()
  #at = 0
  #items: LogItem[] = []
  #place = { event: 0, index: 0 }

  #startedAt = 0
  #changedAt = 0
  #archivedAt: number | null = null

  constructor(session: string) {
    this.#session = session
  }

  get state(): LogState {
    return this.#state
  }

  /** Number of the run; of one that was reset, the last of its numbers. */
  get run(): number {
    return this.#run
  }

  /** What resets gave up within this run's history. */
  get cuts(): readonly Cut[] {
    return this.#cuts
  }

  /** When the session began, and when its log was added to last; milliseconds since the epoch. */
  get startedAt(): number {
    return this.#startedAt
  }

  get changedAt(): number {
    return this.#changedAt
  }

  /** When a client archived the session. */
  get archivedAt(): number | null {
    return this.#archivedAt
  }

  /** Signals of the run so far; its start is number 0. */
  get signals(): number {
    return Math.max(0, this.#batches.length - 1)
  }

  /** Takes the next item of history, in order; answers what it adds to the log. */
  take(item: HistoryItem): readonly LogItem[] {
    this.#items = []
    this.#place = { event: item.eventId, index: 0 }
    this.#at = Math.max(this.#at, item.at)
    switch (item.type) {
      case 'started':
        this.#start(item)
        break
      case 'reset':
        this.#reset(item)
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
        if (!this.#cancelled.has(item.scheduled)) this.#record(field(item.result, 'entries'), item.result)
        break
      case 'ended':
        this.#end(item)
        break
      case 'scheduled':
      case 'lost':
      case 'continued':
        break
    }
    if (this.#items.length > 0) this.#changedAt = this.#at
    return this.#items
  }

  /** A run that continues another one begins where that one stood, and at no earlier time. */
  #start(item: Started): void {
    const { input, at } = item
    const carried = carriedBy(item)
    this.#state = carried?.state ?? startingState(input)
    this.#takesResults = takesResults(this.#state, input)
    this.#run = carried?.run ?? 1
    this.#at = Math.max(at, carried?.at ?? 0)
    this.#startedAt = carried?.startedAt ?? at
    this.#changedAt = this.#at
    if (carried || field(input, 'events') === undefined) this.#batches.push([])
    else this.#arrive(input)
    if (!carried) this.#supply(input)
  }

  /** Behind the events, whose places stay. The state that the run starts in has them already. */
  #supply(input: unknown): void {
    for (const resource of resourcesOf(input)) {
      this.#add({ says: { type: 'log.resource', resource }, shown: null, finished: true })
      this.#place.index += 1
    }
  }

  /** What was copied keeps its places; what comes now has a number that no run before had. */
  #reset({ eventId }: HistoryItem): void {
    const next = numberAfterReset(this.#run, this.#at - this.#startedAt)
    this.#cuts = [...this.#cuts, { run: this.#run, event: eventId - 1, next }]
    this.#run = next
  }

  #arrive(payload: unknown): void {
    const parsed = parseArrivals(payload, this.#takesResults)
    const events = parsed.ok ? parsed.events : []
    this.#batches.push(events)
    for (const [index, event] of events.entries()) {
      const blobs = parsed.ok ? parsed.blobs[index] : undefined
      if (event.id !== undefined) this.#accept({ ...event, id: event.id }, blobs)
      this.#place.index += 1
    }
  }

  /** A repeated id changes nothing and is shown to nobody. */
  #accept(event: Arrival, blobs?: readonly BlobRef[]): void {
    const next = foldArrival(this.#state, event, blobs)
    if (next === this.#state) return
    this.#state = next
    if (isQueued(event)) this.#add({ says: null, shown: toWire(event, null), finished: false }, blobs)
    else this.#add({ says: event, shown: toWire(event, this.#at), finished: true }, blobs)
  }

  /** @param carrier what the entries were recorded in, with what stands beside them. */
  #record(recorded: unknown, carrier?: unknown): void {
    if (!Array.isArray(recorded)) return
    const entries: readonly unknown[] = putRepeatsBack(recorded, field(carrier, 'repeats'))
    const blobs = parseBlobs(field(carrier, 'blobs'), entries) ?? {}
    for (const [index, entry] of entries.entries()) {
      // Written by our own workflow and activities; kinds that this version does not know fall through the fold.
      if (typeof field(entry, 'type') === 'string') this.#take(entry as Entry, blobs[index])
      this.#place.index += 1
    }
  }

  #take(entry: Entry, blobs?: readonly BlobRef[]): void {
    if (entry.type === 'log.minted') {
      const event = this.#batches[entry.signal]?.[entry.index]
      if (event) this.#accept({ ...event, id: entry.id })
      return
    }
    const before = this.#state
    this.#state = fold(before, entry, blobs)
    if (entry.type === 'log.mark') {
      const event = before.queue.find(({ id }) => id === entry.id)
      const shown = event && toWire(event, this.#at)
      if (shown) this.#add({ says: entry.dropped ? null : event, shown, finished: true }, blobsOf(before, entry.id))
      return
    }
    this.#add({ says: entry, shown: isPrivate(entry) ? null : toWire(entry, this.#at), finished: true }, blobs)
  }

  /** A run that ended without a word of its workflow: the only entries with derived ids. */
  #end(item: Extract<HistoryItem, { type: 'ended' }>): void {
    if (item.how === 'completed' || item.how === 'reset' || this.#state.status === 'terminated') return
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

  #add(item: Pick<LogItem, 'says' | 'shown' | 'finished'>, blobs?: readonly BlobRef[]): void {
    if (item.says?.type === 'log.archived') this.#archivedAt = this.#at
    const position = { run: this.#run, ...this.#place }
    this.#items.push({ position, at: this.#at, ...item, ...(blobs ? { blobs } : {}) })
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

/**
 * The wire's event, which is an entry with its time; none yet for an input that waits. An agent that changed is put in
 * by whoever shows the event, see {@link configurationIn}.
 */
export function toWire(entry: PublicEntry | Arrival, at: number | null): SessionEvent {
  const shown = entry.type === 'session.updated' ? toChanged(entry) : entry
  return { ...shown, processed_at: at === null ? null : new Date(at).toISOString() } as SessionEvent
}

/** What of a change clients are told: of metadata, a bag that was emptied is not shown. */
function toChanged({ configuration: _, ...entry }: Extract<PublicEntry, { type: 'session.updated' }>) {
  const { metadata, ...rest } = entry
  return metadata && Object.keys(metadata).length > 0 ? entry : rest
}
