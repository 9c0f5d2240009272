import { Context } from '@temporalio/activity'
import type { BlobStore } from '../history/blobs.ts'
import { LogNotFound } from '../history/session-log.ts'
import type { Harness } from '../model/harness.ts'
import { forModel, webVersions } from '../model/harness.ts'
import type { Model } from '../model/model.ts'
import { ModelFailure } from '../model/model.ts'
import type { LogEntry, Manner } from '../session/transcript.ts'
import { transcript } from '../session/transcript.ts'
import type { ModelFault } from '../session/settle.ts'
import type { Configuration } from '../store/sessions.ts'
import type { ModelMessage, ModelTool, SessionAgent } from '../wire/types.ts'
import type { WebAccess } from '../wire/web-tools.ts'
import type { ContextReader } from './context.ts'
import { failure } from './failures.ts'
import { startHeartbeat } from './heartbeat.ts'
import { ThoughtsLost } from './lost-parts.ts'
import { toFault } from './model-fault.ts'
import { outlast } from './outlast.ts'
import { toRecorded } from './recorded.ts'
import type { Stopwatch } from './stopwatch.ts'
import { startStopwatch } from './stopwatch.ts'
import type { CallModel, Recorded } from './index.ts'

/** What the model is asked through. */
export interface AskingPorts {
  readonly context: ContextReader
  /** Where the large parts of answers go. */
  readonly blobs: BlobStore
  readonly model: Model
  readonly configuration: (session: string, id?: string) => Promise<Configuration | null>
  /** Throws for an id that no released version had. */
  readonly harness: (id: string) => Harness
  readonly tools: readonly ModelTool[]
  /** The same as they are told where the session has these hands beside the main one. */
  readonly aimedTools: (hands: readonly string[]) => readonly ModelTool[]
  /** The same as they are told where they run on machines of the user's. */
  readonly remoteTools: readonly ModelTool[]
  /** Whether the model's back end has the web tools of the Messages API. */
  readonly runsWebTools: boolean
}

/** A session as the model is to be asked for it. */
export interface Asking {
  readonly agent: SessionAgent
  readonly harness: Harness
  readonly web: WebAccess
  /** Every built-in tool there is where the session's tools run; with `selfHosted`, on a machine of the user's. */
  readonly tools: readonly ModelTool[]
  readonly selfHosted: true | undefined
  readonly recipe: Configuration['recipe']
  readonly messages: readonly ModelMessage[]
  /** What the messages are read from, and how. */
  readonly context: readonly LogEntry[]
  readonly manner: Manner
}

/**
 * Rebuilds what the model is asked with and asks; the provider's failures come back as `fault`. Beats all the while, and
 * outlasts an outage of what the log is kept in, before the model is asked as after it has answered. Every try of an
 * activity rebuilds the same, byte for byte.
 * @param ask is timed, and waits for stores aside.
 */
export async function askModel<Answer extends Recorded>(
  ports: AskingPorts,
  { session, harness, configuration: id }: CallModel,
  ask: (asking: Asking, watch: Stopwatch) => Promise<Answer>,
): Promise<Answer | (Recorded & { readonly fault: ModelFault })> {
  const stopBeating = startHeartbeat()
  const { info, cancellationSignal: signal } = Context.current()
  const { workflowExecution, activityId: activity } = info
  let asking: Asking | null = null
  try {
    const cursor = { session, run: workflowExecution?.runId ?? '', activity }
    const read = () => Promise.all([ports.configuration(session, id), ports.context(cursor)])
    const [configuration, context] = await outlast(read, { signal })
    if (!configuration) throw failure('deleted', `store: the configuration of ${session} is gone`)
    const known = toAsking(ports, configuration, harness)
    const manner = mannerOf(known, id)
    asking = { ...known, messages: transcript(context, manner), context, manner }
    const watch = startStopwatch()
    const answer = await ask(asking, watch)
    const ms = watch.read()
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

/** What is known of the session beside its log. */
type Known = Pick<Asking, 'agent' | 'harness' | 'web' | 'tools' | 'selfHosted' | 'recipe'>

function mannerOf({ agent, harness }: Known, configuration: string | undefined): Manner {
  const { systemMessages, boundThoughts = false } = harness
  return {
    system: systemMessages !== undefined && forModel(systemMessages, agent.model.id),
    boundThoughts,
    configuration,
  }
}

function toAsking(ports: AskingPorts, configuration: Configuration, id: string): Known {
  const { agent, networking, selfHosted, recipe } = configuration
  const harness = ports.harness(id)
  const versions = ports.runsWebTools ? webVersions(harness, agent.model.id) : null
  const here = recipe?.hands ? ports.aimedTools(Object.keys(recipe.hands)) : ports.tools
  const tools = selfHosted ? ports.remoteTools : here
  return { agent, harness, web: { versions, networking }, tools, selfHosted, recipe }
}
