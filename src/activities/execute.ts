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
import { toProvisioned } from './provisioned.ts'
import type { RecipeReader } from './recipe.ts'
import { reading } from './recipe.ts'
import { toRecorded } from './recorded.ts'
import { startStopwatch } from './stopwatch.ts'
import { untilCancelled } from './until-cancelled.ts'

/**
 * The hands' side of the loop: one tool call, joined rather than repeated when it is tried again.
 * @param recipes without it sandboxes are made of nothing but the provider's own.
 */
export function createExecute(
  hands: Hands,
  blobs: BlobStore,
  recipes?: RecipeReader,
): Pick<SessionActivities, 'execute'> {
  return {
    async execute(input) {
      const stopBeating = startHeartbeat()
      try {
        const { text, isError, made, elsewhere, ms } = await fetchAndPerform({ hands, blobs, recipes }, input)
        if (elsewhere !== undefined) return { entries: [], elsewhere }
        const result = {
          type: 'agent.tool_result' as const,
          id: mintId('sevt'),
          tool_use_id: input.call.id,
          content: [{ type: 'text' as const, text: text === '' ? '(no output)' : text }],
          is_error: isError,
        }
        const entries = made ? [toProvisioned(made, true), result] : [result]
        return { ...(await outlast(() => toRecorded(blobs, input.session, entries), inActivity())), ms }
      } catch (error) {
        if (error instanceof HandsUnavailable) throw failure('hands_unavailable', `hands: ${error.message}`, error)
        throw error
      } finally {
        stopBeating()
      }
    },
  }
}

interface ExecutePorts {
  readonly hands: Hands
  readonly blobs: BlobStore
  readonly recipes: RecipeReader | undefined
}

/** A call whose input is not there any more does not run; the model is told. */
async function fetchAndPerform(
  ports: ExecutePorts,
  input: ExecuteCall,
): Promise<ToolOutcome & { readonly ms: number }> {
  const { session, call } = input
  const { blobs } = ports
  try {
    const whole = await outlast(() => fetchElement(blobs, session, { element: call, blobs: call.blobs }), inActivity())
    // What was given up meanwhile, or leaves with its worker, has not begun.
    inActivity().signal.throwIfAborted()
    // What is bound and begun is joined when the hands are asked again.
    return await outlast(async () => {
      const watch = startStopwatch()
      const outcome = await perform(ports, { ...input, call: whole })
      return { ...outcome, ms: watch.read() }
    }, inActivity())
  } catch (error) {
    if (error instanceof BlobLost) return { text: `The call did not run: ${error.message}`, isError: true, ms: 0 }
    throw error
  }
}

function inActivity(): { readonly signal: AbortSignal } {
  return { signal: Context.current().cancellationSignal }
}

function perform({ hands, recipes }: ExecutePorts, input: ExecuteCall): Promise<ToolOutcome> {
  const { session, call, abandoned, hand, known, supplies } = input
  const givenUp = new AbortController()
  const outcome = hands.execute(call.name, call.input, {
    sessionId: session,
    toolUseId: call.id,
    abandoned,
    signal: givenUp.signal,
    ...(hand === undefined ? {} : { hand }),
    ...(known === undefined ? {} : { known }),
    ...(supplies === undefined ? {} : { supplies }),
    ...(recipes ? reading(recipes, session, hand) : {}),
  })
  return Promise.race([outcome, untilLeft(givenUp)])
}

/** A command that the workflow gives up is ended in its sandbox, and what that came to is the outcome. */
async function untilLeft(givenUp: AbortController): Promise<never> {
  try {
    return await untilCancelled(givenUp)
  } catch (error) {
    if (!givenUp.signal.aborted) throw error
    return new Promise(() => undefined)
  }
}
