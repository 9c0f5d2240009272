/** What of a run's history the log is made of, decoded. Everything else in history is Temporal's own business. */
export type HistoryItem = {
  readonly eventId: number
  /** The history event's time, milliseconds since the epoch. */
  readonly at: number
} &
  /** `follows`: the run that handed over to this one. `runId`: the run that this was at first, before any reset. */
  (
    | { readonly type: 'started'; readonly runId: string; readonly follows: string | null; readonly input: unknown }
    /** All before was copied from another run, as far as it counts; from here on the run is `runId`. */
    | { readonly type: 'reset'; readonly runId: string }
    | { readonly type: 'signaled'; readonly payload: unknown }
    | { readonly type: 'decided'; readonly entries: unknown }
    | { readonly type: 'scheduled'; readonly activityId: string }
    | { readonly type: 'cancel_requested'; readonly scheduled: number }
    | { readonly type: 'completed'; readonly scheduled: number; readonly result: unknown }
    /** An activity that ended without a result. */
    | { readonly type: 'lost'; readonly scheduled: number }
    | { readonly type: 'ended'; readonly how: Ending; readonly reason: string }
    /** The run ended by handing over to the run `next`. */
    | { readonly type: 'continued'; readonly next: string }
  )

/** `reset`: ended because the session goes on elsewhere, in a run that a reset made. */
export type Ending = 'completed' | 'failed' | 'timed_out' | 'canceled' | 'terminated' | 'reset'
