import type { Sinks } from '@temporalio/workflow'
import type { Session, SessionStatus } from '../wire/types.ts'

/** Where a session stands and what it has used, by its run and the length of that run's history. */
export interface RunHint {
  readonly status: SessionStatus
  readonly run: number
  readonly length: number
  readonly usage: Session['usage']
}

/** A workflow's word on itself to its worker: returns at once, may be lost, never replayed. */
export interface SessionSinks extends Sinks {
  index: {
    hint(hint: RunHint): void
  }
}
