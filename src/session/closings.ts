import type { Arrival } from './entry.ts'
import { endRequest, estimate } from './endings.ts'
import type { Journal } from './journal.ts'
import type { Call } from './state.ts'
import { isUnderWay } from './state.ts'

export const INTERRUPTED = 'Tool execution was interrupted before completion. Please retry.'

/**
 * Closes an open call with an error result. Whoever runs the calls of a self-hosted session takes one for open until it
 * reads a client's own result, and would run it whenever it comes to the session: so it is said in the client's stead.
 */
export function close(journal: Journal, { id, standing }: Pick<Call, 'id' | 'standing'>, text: string): void {
  const result = { content: [{ type: 'text' as const, text }], is_error: true }
  if (!journal.state.selfHosted || standing === 'refused') {
    return journal.emit({ type: 'agent.tool_result', tool_use_id: id, ...result })
  }
  if (standing === 'custom') return journal.emit({ type: 'user.custom_tool_result', custom_tool_use_id: id, ...result })
  journal.emit({ type: 'user.tool_result', tool_use_id: id, ...result })
}

/** The call is over for the model, its command may not be. A call that has a result already is left alone. */
export function abandon(
  journal: Journal,
  { call, message }: { readonly call: string; readonly message: string },
): void {
  const open = journal.state.calls.find(({ id }) => id === call)
  if (!open) return
  close(journal, open, message)
  journal.write({ type: 'log.abandoned', id: call })
}

/** An interrupt: open calls are closed, an open request ends, the turn is over. Nothing, when none is under way. */
export function endTurn(journal: Journal): void {
  const { calls, request } = journal.state
  if (!isUnderWay(journal.state)) return
  for (const call of calls) closeInterrupted(journal, call)
  if (request) endRequest(journal, { request, isError: false, usage: estimate(journal, request) })
  journal.end({ type: 'end_turn' })
}

/** Closes a call that is open when the turn is interrupted. Whoever would run it lets go of it on a denial alone. */
function closeInterrupted(journal: Journal, call: Call): void {
  if (journal.state.selfHosted && call.standing === 'asked') {
    const denial = { result: 'deny', deny_message: INTERRUPTED } as const
    journal.emit({ type: 'user.tool_confirmation', tool_use_id: call.id, ...denial })
  }
  close(journal, call, INTERRUPTED)
}

/**
 * Of several confirmations of a call the first one counts, while whoever comes to a self-hosted session takes the last for
 * the verdict: behind one that came too late the one that counts is said again, in the client's stead.
 */
export function repeatVerdict(journal: Journal, event: Arrival): void {
  if (!journal.state.selfHosted || event.type !== 'user.tool_confirmation') return
  const { tool_use_id, result } = event
  const standing = journal.state.calls.find(({ id }) => id === tool_use_id)?.standing
  if (standing === 'remote' && result === 'deny') {
    journal.emit({ type: 'user.tool_confirmation', tool_use_id, result: 'allow' })
  }
  if (standing === 'denied' && result === 'allow') {
    journal.emit({ type: 'user.tool_confirmation', tool_use_id, result: 'deny' })
  }
}
