import { Context } from '@temporalio/activity'
import type { BlobStore } from '../history/blobs.ts'
import { LogNotFound } from '../history/session-log.ts'
import type { Harness } from '../model/harness.ts'
import type { Model } from '../model/model.ts'
import { ModelFailure } from '../model/model.ts'
import { transcript } from '../session/transcript.ts'
import type { ModelFault } from '../session/settle.ts'
import type { Configuration } from '../store/sessions.ts'
import type { ModelMessage, ModelTool, SessionAgent } from '../wire/types.ts'
import type { ContextReader } from './context.ts'
import { failure } from './failures.ts'
import { startHeartbeat } from './heartbeat.ts'
import { ThoughtsLost } from './lost-parts.ts'
import { toFault } from './model-fault.ts'
import { outlast } from './outlast.ts'
import { toRecorded } from './recorded.ts'
import { startStopwatch } from './stopwatch.ts'
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
 * Rebuilds what the model is asked with and asks; the provider's failures come back as `fault`. Beats all the while, and
 * outlasts an outage of what the log is kept in, before the model is asked as after it has answered. Every try of an
 * activity rebuilds the same, byte for byte.
 */
export async function askModel<Answer extends Recorded>(
  ports: AskingPorts,
  { session, harness }: CallModel,
  ask: (asking: Asking) => Promise<Answer>,
): Promise<Answer | (Recorded & { readonly fault: ModelFault })> {
  const stopBeating = startHeartbeat()
  const { info, cancellationSignal: signal } = Context.current()
  const { workflowExecution, activityId: activity } = info
  let asking: Asking | null = null
  try {
    const cursor = { session, run: workflowExecution?.runId ?? '', activity }
    const read = () => Promise.all([ports.configuration(session), ports.context(cursor)])
    const [configuration, context] = await outlast(read, { signal })
    if (!configuration) throw failure('deleted', `store: the configuration of ${session} is gone`)
    asking = { agent: configuration.agent, harness: ports.harness(harness), messages: transcript(context) }
    const elapsed = startStopwatch()
    const answer = await ask(asking)
    const ms = elapsed()
    return { ...answer, ...(await outlast(() => toRecorded(ports.blobs, session, answer.entries), { signal })), ms }
  } catch (error) {
    if (error instanceof LogNotFound) throw failure('history_gone', `store: ${error.message}`, error)
    if (error instanceof ThoughtsLost) {
      return { entries: [], fault: { error: 'unknown_error', message: error.message, retryable: false } }
    }
    if (error instanceof ModelFailure && asking) return { entries: [], fault: toFault(error, asking) }
    throw error
  } finally {
    stopBeating()
  }
}
