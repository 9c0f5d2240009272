import type { SessionAgent, SessionEvent } from '../wire/types.ts'
import type { LogItem } from './project.ts'

/** Reads a session's configuration by its id; null when the session has none under it. */
export type ConfigurationReader = (session: string, id: string) => Promise<{ readonly agent: SessionAgent } | null>

/** The configuration that a `session.updated` names, whose agent belongs into the event. */
export function configurationIn({ says }: Pick<LogItem, 'says'>): string | null {
  return says?.type === 'session.updated' ? (says.configuration ?? null) : null
}

/**
 * The event with the agent that the session had from there on. Null stands for one that is not there: an update by a
 * plain Temporal client may name what nobody stored.
 */
export async function fillAgent(
  read: ConfigurationReader,
  session: string,
  { event, configuration }: { readonly event: SessionEvent; readonly configuration: string | null },
): Promise<SessionEvent> {
  if (configuration === null || event.type !== 'session.updated') return event
  return { ...event, agent: (await read(session, configuration))?.agent ?? null }
}
