import { Context } from '@temporalio/activity'
import type { Hands, ToolOutcome } from '../hands/hands.ts'
import { HandsUnavailable } from '../hands/hands.ts'
import type { BlobStore } from '../history/blobs.ts'
import { BlobLost, fetchElement } from '../history/blobs.ts'
import { mintId } from '../wire/mint.ts'
import { failure } from './failures.ts'
import { startHeartbeat } from './heartbeat.ts'
import type { ExecuteCall, SessionActivities } from './index.ts'
import { outlast } from './outlast.ts'
import { toRecorded } from './recorded.ts'
import { startStopwatch } from './stopwatch.ts'

/** The hands' side of the loop: one tool call, joined rather than repeated when it is tried again. */
export function createExecute(hands: Hands, blobs: BlobStore): Pick<SessionActivities, 'execute'> {
  return {
    async execute(input) {
      const stopBeating = startHeartbeat()
      try {
        const { text, isError, ms } = await fetchAndPerform(hands, blobs, input)
        const result = {
          type: 'agent.tool_result' as const,
          id: mintId('sevt'),
          tool_use_id: input.call.id,
          content: [{ type: 'text' as const, text: text === '' ? '(no output)' : text }],
          is_error: isError,
        }
        return { ...(await outlast(() => toRecorded(blobs, input.session, [result]), inActivity())), ms }
      } catch (error) {
        if (error instanceof HandsUnavailable) throw failure('hands_unavailable', `hands: ${error.message}`, error)
        throw error
      } finally {
        stopBeating()
      }
    },
  }
}

/** A call whose input is not there any more does not run; the model is told. */
async function fetchAndPerform(
  hands: Hands,
  blobs: BlobStore,
  input: ExecuteCall,
): Promise<ToolOutcome & { readonly ms: number }> {
  const { session, call } = input
  try {
    const whole = await outlast(() => fetchElement(blobs, session, { element: call, blobs: call.blobs }), inActivity())
    // What was given up meanwhile, or leaves with its worker, has not begun.
    inActivity().signal.throwIfAborted()
    const watch = startStopwatch()
    const outcome = await perform(hands, { ...input, call: whole })
    return { ...outcome, ms: watch.read() }
  } catch (error) {
    if (error instanceof BlobLost) return { text: `The call did not run: ${error.message}`, isError: true, ms: 0 }
    throw error
  }
}

function inActivity(): { readonly signal: AbortSignal } {
  return { signal: Context.current().cancellationSignal }
}

function perform(hands: Hands, { session, call, abandoned }: ExecuteCall): Promise<ToolOutcome> {
  const givenUp = new AbortController()
  const outcome = hands.execute(call.name, call.input, {
    sessionId: session,
    toolUseId: call.id,
    abandoned,
    signal: givenUp.signal,
  })
  return Promise.race([outcome, untilLeft(givenUp)])
}

/**
 * Ends the command when the workflow gives its call up. A worker that stops, or that Temporal has written off, only
 * leaves: the command goes on in its sandbox, and the next attempt joins it.
 */
async function untilLeft(givenUp: AbortController): Promise<never> {
  const context = Context.current()
  try {
    return await context.cancelled
  } catch (error) {
    if (!context.cancellationDetails?.cancelRequested) throw error
    givenUp.abort(error)
    // What the ended command came to is the outcome.
    return new Promise(() => undefined)
  }
}
