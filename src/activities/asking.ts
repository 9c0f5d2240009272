import { Context } from '@temporalio/activity'
import type { BlobStore } from '../history/blobs.ts'
import type { Harness } from '../model/harness.ts'
import type { Model } from '../model/model.ts'
import { ModelFailure } from '../model/model.ts'
import { isFile } from '../session/parts.ts'
import { transcript } from '../session/transcript.ts'
import type { ModelFault } from '../session/settle.ts'
import type { Configuration } from '../store/sessions.ts'
import type { ModelMessage, ModelTool, SessionAgent } from '../wire/types.ts'
import type { ContextReader } from './context.ts'
import { failure } from './failures.ts'
import { startHeartbeat } from './heartbeat.ts'
import { toRecorded } from './recorded.ts'
import type { CallModel, Recorded } from './index.ts'

/** What the model is asked through. */
export interface AskingPorts {
  readonly context: ContextReader
  /** Where the large parts of answers go. */
  readonly blobs: BlobStore
  readonly model: Model
  readonly configuration: (session: string) => Promise<Configuration | null>
  /** Throws for an id that no released version had. */
  readonly harness: (id: string) => Harness
  readonly tools: readonly ModelTool[]
}

/** A session as the model is to be asked for it. */
export interface Asking {
  readonly agent: SessionAgent
  readonly harness: Harness
  readonly messages: readonly ModelMessage[]
}

/**
 * Rebuilds what the model is asked with and asks; the provider's failures come back as `fault`. Beats all the while.
 * Every try of an activity rebuilds the same, byte for byte.
 */
export async function askModel<Answer extends Recorded>(
  ports: AskingPorts,
  { session, harness }: CallModel,
  ask: (asking: Asking) => Promise<Answer>,
): Promise<Answer | (Recorded & { readonly fault: ModelFault })> {
  const stopBeating = startHeartbeat()
  const { workflowExecution, activityId: activity } = Context.current().info
  let messages: readonly ModelMessage[] = []
  try {
    const [configuration, context] = await Promise.all([
      ports.configuration(session),
      ports.context({ session, run: workflowExecution?.runId ?? '', activity }),
    ])
    if (!configuration) throw failure('deleted', `store: the configuration of ${session} is gone`)
    messages = transcript(context)
    const answer = await ask({ agent: configuration.agent, harness: ports.harness(harness), messages })
    return { ...answer, ...(await toRecorded(ports.blobs, session, answer.entries)) }
  } catch (error) {
    if (error instanceof ModelFailure) return { entries: [], fault: toFault(error, messages) }
    throw error
  } finally {
    stopBeating()
  }
}

const ERROR_TYPES = {
  overloaded: 'model_overloaded_error',
  rate_limited: 'model_rate_limited_error',
  billing: 'billing_error',
  request_failed: 'model_request_failed_error',
  too_long: 'model_request_failed_error',
  file_refused: 'model_request_failed_error',
  unreachable: 'model_request_failed_error',
  garbled: 'model_request_failed_error',
} as const satisfies Record<ModelFailure['kind'], ModelFault['error']>

function toFault(
  { kind, message, retryable, retryAfterMs }: ModelFailure,
  messages: readonly ModelMessage[],
): ModelFault {
  // Where there is none to leave out, asking again would be asking the same.
  const isMendable =
    kind === 'file_refused' && messages.some(({ content }) => typeof content !== 'string' && content.some(isFile))
  return {
    error: ERROR_TYPES[kind],
    message,
    retryable,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(kind === 'too_long' ? { tooLong: true } : {}),
    ...(isMendable ? { fileRefused: true } : {}),
  }
}
