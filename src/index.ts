/**
 * The six verbs: what brain, hands and session ask of each other, as functions over their ports. What Temporal does for
 * each of them stands in ARCHITECTURE.md. `wake` comes with logs that outlive a cluster; until then Temporal wakes
 * every session by itself.
 */
import type { SessionWorkflows } from './api/workflows.ts'
import type { SandboxRow } from './hands/bindings.ts'
import type { Hands, ToolContext } from './hands/hands.ts'
import type { SandboxKey, SandboxProvider } from './hands/sandbox.ts'
import type { BlobStore } from './history/blobs.ts'
import { fetchElement, toParcel } from './history/blobs.ts'
import type { Position } from './history/position.ts'
import { comparePositions } from './history/position.ts'
import type { SessionLog } from './history/session-log.ts'
import type { ConfigurationReader } from './history/updated.ts'
import { configurationIn, fillAgent } from './history/updated.ts'
import type { LogState } from './session/state.ts'
import { mintId } from './wire/mint.ts'
import type { SessionEvent, UserEvent } from './wire/types.ts'

/** A tool's failure, for callers that want it thrown; its message is what the model would read. */
export class ToolError extends Error {
  override readonly name = 'ToolError'
}

/** A session as the fold of its whole log. Rejects with `LogNotFound` for a session that is nowhere. */
export async function getSession(log: SessionLog, session: string): Promise<LogState> {
  const { state } = await log.read(session)
  return state
}

/** Which events: those behind or before a place in the log, at most `limit` (default 1,000) from where the order begins. */
export interface EventSlice {
  /** Both exclusive. */
  readonly after?: Position
  readonly before?: Position
  /** `asc` is log order; with `desc` the newest come first. */
  readonly order?: 'asc' | 'desc'
  readonly limit?: number
  /** Where the large parts of events are; without it an event that has one is not answered but rejected. */
  readonly blobs?: Pick<BlobStore, 'get'>
  /** Where agents are that a `session.updated` tells of; without it their place is null. */
  readonly configuration?: ConfigurationReader
}

const NO_BLOBS: Pick<BlobStore, 'get'> = { get: async () => null }
const NO_CONFIGURATION: ConfigurationReader = async () => null

/**
 * Finished events of a log by their places, forward or backward, each with its own place to go on from. Rejects with
 * `BlobLost` when a large part of one is gone.
 */
export async function getEvents(
  log: SessionLog,
  session: string,
  { after, before, order = 'asc', limit = 1000, blobs = NO_BLOBS, configuration = NO_CONFIGURATION }: EventSlice = {},
): Promise<readonly { readonly event: SessionEvent; readonly position: Position }[]> {
  const view = await log.read(session)
  const [behind, end] = order === 'asc' ? [after, before] : [before, after]
  const items = await log.slice(view, { order, limit, audience: 'client', ...(behind ? { behind } : {}) })
  const isInside = (position: Position): boolean =>
    !end || (order === 'asc' ? comparePositions(position, end) < 0 : comparePositions(position, end) > 0)
  const events: { readonly event: SessionEvent; readonly position: Position }[] = []
  for (const item of items) {
    const { shown, position, blobs: refs } = item
    if (!shown || !isInside(position)) continue
    const event = await fetchElement(blobs, session, { element: shown, blobs: refs })
    const named = { event, configuration: configurationIn(item) }
    events.push({ event: await fillAgent(configuration, session, named), position })
  }
  return events
}

/** Puts a user event into the log; durable when it resolves. Answers the event's id. */
export async function emitEvent(workflows: SessionWorkflows, session: string, event: UserEvent): Promise<string> {
  const id = mintId('sevt')
  const { kept, contents } = toParcel([{ ...event, id }])
  if (contents.size > 0)
    throw new RangeError('expected an event that fits a signal; the API takes larger ones, and files')
  await workflows.signal(session, { events: kept.elements }, mintId('ingr'))
  return id
}

/** Runs a tool and answers its text; idempotent by `context.toolUseId`. Rejects with {@link ToolError} when it fails. */
export async function execute(
  hands: Hands,
  call: { readonly name: string; readonly input: unknown },
  context: ToolContext,
): Promise<string> {
  const { text, isError } = await hands.execute(call.name, call.input, context)
  if (isError) throw new ToolError(text)
  return text
}

/** Makes the sandbox of a session's generation, or answers the one that is there. */
export function provision(provider: SandboxProvider, key: SandboxKey): Promise<SandboxRow> {
  return provider.provision(key)
}
