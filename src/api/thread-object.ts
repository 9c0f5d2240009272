import type { Session, SessionThread } from '../wire/types.ts'
import { primaryThread } from '../workflows/messages.ts'

/** What a thread has been through, as its log tells. */
export interface ThreadPast {
  /** Whether its status has changed since it was made. */
  readonly hasChanged: boolean
  /** Whether a turn of it has ended in idle. */
  readonly hasRested: boolean
}

/** The primary thread of a session, as it stands: figures are null before there is anything to count. */
export function toThread({ agent, ...session }: Session, { hasChanged, hasRested }: ThreadPast): SessionThread {
  // A thread's agent is one alone: who may work beside it is the session's matter.
  const { multiagent: _, ...alone } = agent
  return {
    id: primaryThread(session.id),
    type: 'session_thread',
    session_id: session.id,
    parent_thread_id: null,
    workflow_run_id: null,
    agent: alone,
    status: session.status,
    usage: hasRested ? session.usage : null,
    stats: hasChanged ? session.stats : null,
    created_at: session.created_at,
    updated_at: session.updated_at,
    archived_at: session.archived_at,
  }
}
