import type { SessionEvent } from '../../src/wire/types.ts'

type Call = Extract<SessionEvent, { type: 'agent.tool_use' | 'agent.custom_tool_use' }>

/** Whoever runs the calls of a session, as the SDK's `SessionToolRunner` does it. Answers ids of calls that it runs. */
export interface RunnerModel {
  /** It comes to the session, or comes back, and reads all that happened. */
  attach(history: readonly SessionEvent[]): readonly string[]
  /** What the stream tells next. */
  hear(event: SessionEvent): readonly string[]
}

export function createRunnerModel(): RunnerModel {
  const [seen, answered] = [new Set<string>(), new Set<string>()]
  const verdicts = new Map<string, 'allow' | 'deny'>()
  const held = new Map<string, Call>()
  let isOver = false

  /** Runs a call, holds it until it is confirmed, or lets go of it. */
  function route(call: Call): readonly string[] {
    const permission = call.type === 'agent.tool_use' ? call.evaluated_permission : undefined
    const verdict = permission === 'deny' ? 'deny' : verdicts.get(call.id)
    if (verdict === undefined && permission === 'ask') {
      held.set(call.id, call)
      return []
    }
    held.delete(call.id)
    if (isOver || answered.has(call.id)) return []
    answered.add(call.id)
    return verdict === 'deny' ? [] : [call.id]
  }

  function note(event: SessionEvent): void {
    if (event.type === 'user.tool_result') answered.add(event.tool_use_id)
    if (event.type === 'user.custom_tool_result') answered.add(event.custom_tool_use_id)
    if (event.type === 'user.tool_confirmation') verdicts.set(event.tool_use_id, event.result)
    if (event.type === 'session.status_terminated' || event.type === 'session.deleted') isOver = true
  }

  return {
    attach(history) {
      const calls = history.filter((event) => event.type === 'agent.tool_use' || event.type === 'agent.custom_tool_use')
      for (const event of history) note(event)
      for (const { id } of calls) seen.add(id)
      return calls.flatMap((call) => (answered.has(call.id) ? [] : route(call)))
    },
    hear(event) {
      note(event)
      if (event.type === 'user.tool_confirmation') {
        const call = held.get(event.tool_use_id)
        return call ? route(call) : []
      }
      if (event.type !== 'agent.tool_use' && event.type !== 'agent.custom_tool_use') return []
      if (seen.has(event.id)) return []
      seen.add(event.id)
      return route(event)
    },
  }
}
