import type { LogState } from '../session/state.ts'
import { initialState } from '../session/state.ts'
import type { ArchivedRun } from './archive.ts'
import type { Cut } from './cut.ts'
import type { HistoryItem } from './item.ts'
import type { Position } from './position.ts'
import type { LogItem } from './project.ts'
import { carriedBy } from './project.ts'
import type { ActivityMark } from './run-log.ts'
import { RunLog } from './run-log.ts'

/** A run whose items are in memory, because they are not in the archive yet. */
export interface RunView {
  /** Number of the run, and the one with which its items begin: a reset run has those of the run that it was made of. */
  readonly run: number
  readonly first: number
  /** What resets gave up within it; it is not among the items. */
  readonly cuts: readonly Cut[]
  /** Every item in log order; queued inputs stand where they arrived, unfinished. Never changed in place. */
  readonly items: readonly LogItem[]
  /** Where one of its activities was scheduled: all that it may know of stands before. Null for an unknown one. */
  readonly scheduled: (runId: string, activity: string) => Position | null
}

/** A session's log as one reader sees it at one moment: what it amounts to, and the part of it that is in memory. */
export interface LogView {
  readonly session: string
  readonly state: LogState
  /** Number of the present run, the length of its history as read, and its signals. */
  readonly run: number
  readonly length: number
  readonly signals: number
  /** In order; the runs that are missing are in the archive. */
  readonly runs: readonly RunView[]
  /** When the session began and when its log was added to last, milliseconds since the epoch. */
  readonly startedAt: number
  readonly changedAt: number
  readonly archivedAt: number | null
}

/** What one step of reading has added: items in log order, and what became of activities in the order of history. */
export type Listener = (items: readonly LogItem[], marks: readonly ActivityMark[]) => void

/** The runs of a log that are in memory; they grow by items of history, from whichever reader brings them first. */
export class TrackedLog {
  readonly session: string
  #runs: readonly RunLog[] = []
  /** Stands for a session that history has no more. */
  #kept: ArchivedRun | null = null
  readonly #listeners = new Set<Listener>()

  constructor(session: string) {
    this.session = session
  }

  /** The newest run, null before anything was read and for a session that history has no more. */
  get current(): RunLog | null {
    return this.#runs.at(-1) ?? null
  }

  get runs(): readonly RunLog[] {
    return this.#runs
  }

  /** Whether there is something to show. */
  get isKnown(): boolean {
    return this.current !== null || this.#kept !== null
  }

  /** Whether nothing can follow any more. */
  get isEnded(): boolean {
    return this.current?.isEnded ?? this.#kept !== null
  }

  /** Takes items of a run in order, and runs in theirs; items that another reader has brought already are skipped. */
  take(runId: string, items: readonly HistoryItem[]): void {
    const known = this.#runs.find(({ id }) => id === runId)
    const run = known ?? this.#open(runId, items[0])
    const added: LogItem[] = []
    const marks: ActivityMark[] = []
    for (const item of items) {
      const one = run?.take(item)
      if (!one) continue
      added.push(...one.items)
      if (one.mark) marks.push(one.mark)
    }
    if (added.length === 0 && marks.length === 0 && !this.isEnded) return
    for (const listener of this.#listeners) listener(added, marks)
  }

  /** Forgets runs that are in the archive, by Temporal's ids of them. */
  drop(runs: readonly string[]): void {
    this.#runs = this.#runs.filter((run) => run === this.current || !runs.includes(run.id))
  }

  /** Stands on the archive alone from here on, which ends with this run. */
  settle(kept: ArchivedRun): void {
    this.#runs = []
    this.#kept = kept
  }

  /** Forgets everything, to be read anew. */
  clear(): void {
    this.#runs = []
    this.#kept = null
  }

  /** Calls back with what is added from now on, until the returned function is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  view(): LogView {
    const { session, current } = this
    const runs = this.#runs.map((run) => ({
      run: run.number,
      first: run.first,
      cuts: run.projection.cuts,
      items: run.isClosed ? run.items : run.items.slice(),
      scheduled: (id: string, activity: string) => (id === run.id ? run.scheduled(activity) : null),
    }))
    if (current) {
      const { startedAt, changedAt, archivedAt, signals } = current.projection
      const { number, lastEvent, state } = current
      return { session, state, run: number, length: lastEvent, signals, runs, startedAt, changedAt, archivedAt }
    }
    const { run = 1, lastEvent = 0, state = null, startedAt = 0, changedAt = 0, archivedAt = null } = this.#kept ?? {}
    const nothing = initialState({ title: null, metadata: {}, configuration: null })
    return {
      session,
      state: state ?? nothing,
      run,
      length: lastEvent,
      signals: 0,
      runs,
      startedAt,
      changedAt,
      archivedAt,
    }
  }

  /** Only a run's first item says which one it is. One that others have read past is of no use any more. */
  #open(runId: string, first: HistoryItem | undefined): RunLog | null {
    if (first?.type !== 'started') return null
    if (this.current && (carriedBy(first)?.run ?? 1) <= this.current.number) return null
    const run = new RunLog(this.session, runId)
    this.#runs = [...this.#runs, run]
    return run
  }
}
