/** What of a run's history the log is made of, decoded. Everything else in history is Temporal's own business. */
export type HistoryItem = {
  readonly eventId: number
  /** The history event's time, milliseconds since the epoch. */
  readonly at: number
} &
  /** `isContinued`: another run handed over to this one. */
  (
    | { readonly type: 'started'; readonly runId: string; readonly isContinued: boolean; readonly input: unknown }
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

export type Ending = 'completed' | 'failed' | 'timed_out' | 'canceled' | 'terminated'
