/**
 * The six verbs: what brain, hands and session ask of each other, as functions over their ports. What Temporal does for
 * each of them stands in ARCHITECTURE.md. `wake` comes with logs that outlive a cluster; until then Temporal wakes
 * every session by itself.
 */
import type { SessionWorkflows } from './api/workflows.ts'
import type { SandboxRow } from './hands/bindings.ts'
import type { Hands, ToolContext } from './hands/hands.ts'
import type { SandboxKey, SandboxProvider } from './hands/sandbox.ts'
import type { SessionLog } from './history/session-log.ts'
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

/** Finished events in log order, from position `from` (0 = the first) up to, not including, `to`. */
export async function getEvents(
  log: SessionLog,
  session: string,
  slice: { readonly from?: number; readonly to?: number } = {},
): Promise<readonly SessionEvent[]> {
  const { items } = await log.read(session)
  return items.flatMap(({ shown, finished }) => (shown && finished ? [shown] : [])).slice(slice.from ?? 0, slice.to)
}

/** Puts a user event into the log; durable when it resolves. Answers the event's id. */
export async function emitEvent(workflows: SessionWorkflows, session: string, event: UserEvent): Promise<string> {
  const id = mintId('sevt')
  await workflows.signal(session, { events: [{ ...event, id }] }, mintId('ingr'))
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
