import type { ConfigureUpdate, EventsSignal, SessionInput, Verdict } from '../workflows/messages.ts'

/** What the API asks of sessions' workflows. Rejects with an `ApiError`: `unavailable` when asking again may help. */
export interface SessionWorkflows {
  /** Starts a session's workflow. One that was started already is left alone. */
  start(session: string, input: SessionInput, summary: string): Promise<void>
  /** Puts events into the session's history; durable when it resolves, even with no worker alive. */
  signal(session: string, signal: EventsSignal, requestId: string): Promise<void>
  /** Asks for a change that is decided in order with the session's turns; needs a live worker. */
  configure(session: string, change: ConfigureUpdate, updateId: string): Promise<Verdict>
  archive(session: string, updateId: string): Promise<Verdict>
  /** Ends a deleted session's workflow; one that has ended or is not there is left alone. */
  terminate(session: string): Promise<void>
}
