import type { Sinks } from '@temporalio/workflow'
import type { SessionStatus } from '../wire/types.ts'

/** A workflow's word on itself to its worker: returns at once, may be lost, never replayed. */
export interface SessionSinks extends Sinks {
  index: {
    hint(status: SessionStatus, historyLength: number): void
    /** The run has grown past the point where it should be rolled over. */
    large(historyLength: number, historySize: number): void
  }
}
