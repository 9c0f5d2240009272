import type { Sinks } from '@temporalio/workflow'
import type { SessionStatus } from '../wire/types.ts'

/** Where a session stands, by its run and the length of that run's history. */
export interface RunHint {
  readonly status: SessionStatus
  readonly run: number
  readonly length: number
}

/** A workflow's word on itself to its worker: returns at once, may be lost, never replayed. */
export interface SessionSinks extends Sinks {
  index: {
    hint(hint: RunHint): void
  }
}
