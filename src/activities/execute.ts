import { Context } from '@temporalio/activity'
import type { Hands } from '../hands/hands.ts'
import { HandsUnavailable } from '../hands/hands.ts'
import { mintId } from '../wire/mint.ts'
import { failure } from './failures.ts'
import { startHeartbeat } from './heartbeat.ts'
import type { SessionActivities } from './index.ts'

/** The hands' side of the loop: one tool call, joined rather than repeated when it is tried again. */
export function createExecute(hands: Hands): Pick<SessionActivities, 'execute'> {
  return {
    async execute({ session, call, abandoned }) {
      const stopBeating = startHeartbeat()
      try {
        const { text, isError } = await hands.execute(call.name, call.input, {
          sessionId: session,
          toolUseId: call.id,
          abandoned,
          signal: Context.current().cancellationSignal,
        })
        const result = {
          type: 'agent.tool_result' as const,
          id: mintId('sevt'),
          tool_use_id: call.id,
          content: [{ type: 'text' as const, text: text === '' ? '(no output)' : text }],
          is_error: isError,
        }
        return { entries: [result] }
      } catch (error) {
        if (error instanceof HandsUnavailable) throw failure('hands_unavailable', `hands: ${error.message}`, error)
        throw error
      } finally {
        stopBeating()
      }
    },
  }
}
