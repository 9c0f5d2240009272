import type { StopDetails, StopReason } from '../wire/types.ts'
import type { Incoming } from './arrival.ts'
import { isSpent } from './budget.ts'
import type { Entry, PublicEntry } from './entry.ts'
import { fold } from './fold.ts'
import type { Policy } from './policy.ts'
import type { LogState } from './state.ts'
import { toWireUsage } from './wire-usage.ts'

/** What a decision may depend on besides the log. */
export interface Surroundings {
  readonly policy: Policy
  readonly threadId: string
  readonly agentName: string
  /** A fresh `sevt_…` id. */
  readonly mint: () => string
  /** Milliseconds of work since it was last asked, overlaps counted once. */
  readonly worked: () => number
  /**
   * Seconds of running time, given those of the turns before this one. Asked once, at the end of a turn, and only in
   * sessions from before work was counted.
   */
  readonly activeSeconds: (before: number) => number
}

/** An arrival that came without an id: the `index`-th of the run's `signal`-th signal. */
export interface Unnamed {
  readonly event: Incoming
  readonly signal: number
  readonly index: number
}

interface Stop {
  readonly stop_reason: StopReason
  readonly stop_details: StopDetails
}

type Body<E> = E extends unknown ? Omit<E, 'id'> : never

/** The state and the entries that one pass of the loop has decided so far: to write an entry is to fold it. */
export class Journal {
  readonly surroundings: Surroundings
  readonly entries: Entry[] = []
  /** What gets its id at the end of the pass, where readers of history find it: behind all that came with one. */
  readonly unnamed: Unnamed[] = []
  #state: LogState

  constructor(state: LogState, surroundings: Surroundings) {
    this.#state = state
    this.surroundings = surroundings
  }

  get state(): LogState {
    return this.#state
  }

  /** Takes over a state that something recorded elsewhere has changed. */
  advance(state: LogState): void {
    this.#state = state
  }

  write(entry: Entry): void {
    this.entries.push(entry)
    this.#state = fold(this.#state, entry)
  }

  /** Writes a public event under a fresh id. */
  emit(event: Body<PublicEntry>): void {
    this.write({ id: this.surroundings.mint(), ...event })
  }

  /** The pair that opens a turn or resumes one. */
  run(): void {
    this.emit({ type: 'session.status_running' })
    this.emit({ type: 'session.thread_status_running', ...this.#thread() })
  }

  /** The group that ends a turn: thread, usage, session, in this order and nothing after it. */
  idle(reason: StopReason, details: StopDetails = null): void {
    const stop = { stop_reason: reason, stop_details: details }
    this.count()
    this.#idle(stop, stop)
  }

  /** The same for a turn that is over: a session at its budget says so, whatever its thread ends with. */
  end(reason: StopReason, details: StopDetails = null): void {
    this.count()
    const thread = { stop_reason: reason, stop_details: details }
    const session: Stop = { stop_reason: { type: 'budget_reached' }, stop_details: null }
    this.#idle(thread, isSpent(this.#state) ? session : thread)
  }

  /** Brings the account up to now, before it is looked at. Nothing, in sessions that keep none. */
  count(): void {
    if (!this.#state.accounting) return
    const ms = this.surroundings.worked()
    if (ms > 0) this.write({ type: 'log.worked', ms: (this.#state.work?.ms ?? 0) + ms })
  }

  reschedule(): void {
    this.emit({ type: 'session.thread_status_rescheduled', ...this.#thread() })
    this.emit({ type: 'session.status_rescheduled' })
  }

  terminate(): void {
    this.emit({ type: 'session.thread_status_terminated', ...this.#thread() })
    this.emit({ type: 'session.status_terminated' })
  }

  #idle(thread: Stop, session: Stop): void {
    this.emit({ type: 'session.thread_status_idle', ...this.#thread(), ...thread })
    this.emit({ type: 'session.usage', ...this.#usage() })
    this.emit({ type: 'session.status_idle', ...session })
  }

  #usage(): Omit<Extract<PublicEntry, { type: 'session.usage' }>, 'type' | 'id'> {
    const { accounting, budget = null, usage } = this.#state
    if (accounting) return { usage: toWireUsage(this.#state), budget }
    const active_seconds = this.surroundings.activeSeconds(usage.active_seconds)
    return { usage: toWireUsage({ usage: { ...usage, active_seconds } }) }
  }

  #thread(): { session_thread_id: string; agent_name: string } {
    return { session_thread_id: this.surroundings.threadId, agent_name: this.surroundings.agentName }
  }
}
