import { Context } from '@temporalio/activity'

/**
 * Rejects when the activity is cancelled for any reason, and aborts `givenUp` when the workflow wants that. A worker that
 * stops, or that Temporal has written off, only leaves: what it began goes on, and the next attempt joins it.
 */
export async function untilCancelled(givenUp: AbortController): Promise<never> {
  const context = Context.current()
  try {
    return await context.cancelled
  } catch (error) {
    if (context.cancellationDetails?.cancelRequested) givenUp.abort(error)
    throw error
  }
}
