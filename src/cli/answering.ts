import type Anthropic from '@anthropic-ai/sdk'
import { BadRequestError } from '@anthropic-ai/sdk'
import type { Confirmation, ToolUse } from './approval.ts'
import { askApproval } from './approval.ts'
import type { Ask } from './ask-person.ts'
import { EXIT } from './exit.ts'
import type { StreamedEvent } from './follow.ts'
import type { Call } from './waiting.ts'
import { describeWaiting } from './waiting.ts'

export interface AnsweringOptions {
  readonly client: Anthropic
  readonly session: string
  /** Null where nobody can be asked. */
  readonly ask: Ask | null
  readonly print: (line: string) => void
  readonly warn: (line: string) => void
  /** Called with the exit code when a person leaves. */
  readonly onLeave: (code: number) => void
  /** Called when an answer could not be sent. */
  readonly onError: (error: unknown) => void
  readonly signal: AbortSignal
}

export interface Answering {
  /** Withdraws a question that the event has made idle. Tell it before the event is told to the person. */
  hear(event: StreamedEvent): void
  /** Puts what the event asks for to the person. Answers the exit code when nobody here can answer it, else null. */
  meet(event: StreamedEvent): number | null
}

/**
 * Puts the calls that a session waits for to a person, and sends what they decide in one request. The session is read on
 * meanwhile: others may answer, too, and then the question is withdrawn. What is left to ask comes with the next event.
 */
export function createAnswering(options: AnsweringOptions): Answering {
  const { client, session, ask, print, warn, onLeave, onError, signal } = options
  const calls = new Map<string, Call>()
  let question: AbortController | null = null

  async function decide(waiting: readonly Call[], put: Ask): Promise<number | null> {
    const withdrawn = new AbortController()
    question = withdrawn
    try {
      const still = AbortSignal.any([signal, withdrawn.signal])
      const decided = await askApproval(waiting.filter(isAsked), { ask: put, print, signal: still })
      question = null
      if (typeof decided === 'number') {
        for (const line of describeWaiting(session, waiting)) warn(line)
        return decided
      }
      await send(decided)
    } catch (error) {
      if (!withdrawn.signal.aborted) throw error
    }
    return null
  }

  async function send(events: readonly Confirmation[]): Promise<void> {
    try {
      await client.beta.sessions.events.send(session, { events: [...events] }, { signal })
    } catch (error) {
      // Of several answers to one call the first one counts; what it left open is asked again.
      if (!(error instanceof BadRequestError) || !(await isSettled(events))) throw error
      warn('somebody else was faster; nothing of this was taken')
    }
  }

  /** Whether any of these calls was answered, or closed, by somebody else. */
  async function isSettled(events: readonly Confirmation[]): Promise<boolean> {
    const ids = new Set(events.map(({ tool_use_id }) => tool_use_id))
    const types = ['user.tool_confirmation', 'agent.tool_result'] as const
    const { data } = await client.beta.sessions.events.list(
      session,
      { types: [...types], order: 'desc', limit: 1000 },
      { signal },
    )
    return data.some((event) => 'tool_use_id' in event && ids.has(event.tool_use_id))
  }

  return {
    hear(event) {
      if (event.type === 'agent.tool_use' || event.type === 'agent.custom_tool_use') calls.set(event.id, event)
      if (question !== null && isAnswer(event)) question.abort()
    },
    meet(event) {
      if (event.type !== 'session.status_idle' || event.stop_reason.type !== 'requires_action') return null
      const waiting = event.stop_reason.event_ids.flatMap((id) => calls.get(id) ?? [])
      if (ask === null || !waiting.some(isAsked)) {
        for (const line of describeWaiting(session, waiting)) warn(line)
        return EXIT.waits
      }
      decide(waiting, ask).then((code) => code !== null && onLeave(code), onError)
      return null
    },
  }
}

function isAsked(call: Call): call is ToolUse {
  return call.type === 'agent.tool_use' && call.evaluated_permission === 'ask'
}

/** Tells events after which a session waits for something else, or for nothing. */
function isAnswer({ type }: StreamedEvent): boolean {
  return type === 'user.tool_confirmation' || type.startsWith('session.status_') || type === 'session.deleted'
}
