import { ApplicationFailure } from '@temporalio/common'

/** Why an activity fails, as history names it. A tool's or the model's own failure is a result, not one of these. */
export type FailureType =
  /** What the activity needs is not there yet or not any more; trying again may help. */
  | 'not_ready'
  /** The hands could not be reached; nothing is known to be lost. */
  | 'hands_unavailable'
  /** The session was deleted while the activity ran. */
  | 'deleted'
  /** What the log is kept in has been away for longer than anybody waits. */
  | 'store_away'
  /** Temporal has removed a run's history before it was read. */
  | 'history_gone'
  /** What a client asked for cannot be had, whoever asks and however often. */
  | 'refused'

const RETRYABLE: Readonly<Record<FailureType, boolean>> = {
  not_ready: true,
  hands_unavailable: true,
  store_away: true,
  deleted: false,
  history_gone: false,
  refused: false,
}

/** Whether something failed on purpose, and for this reason. */
export function isFailure(error: unknown, type: FailureType): boolean {
  return error instanceof ApplicationFailure && error.type === type
}

/** The one way activities fail on purpose. The message says what was expected and what came, never a secret. */
export function failure(type: FailureType, message: string, cause?: unknown): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: !RETRYABLE[type],
    ...(cause instanceof Error ? { cause } : {}),
  })
}
