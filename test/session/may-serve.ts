import assert from 'node:assert/strict'
import type { LogState } from '../../src/session/state.ts'
import type { SessionEvent } from '../../src/wire/types.ts'
import { createRunnerModel } from './runner-model.ts'

/**
 * Demands that whoever comes to a self-hosted session now would run what waits to be run, and nothing else; answers how
 * much that is.
 */
export function assertMayServe(state: LogState, shown: readonly SessionEvent[]): number {
  const isWaiting = ({ standing }: LogState['calls'][number]): boolean => standing === 'remote' || standing === 'custom'
  const strange = new Set(strangely(shown))
  const waiting = state.calls.filter(isWaiting).map(({ id }) => id)
  const run = createRunnerModel().attach(shown)
  const known = (calls: readonly string[]): readonly string[] => calls.filter((call) => !strange.has(call)).toSorted()
  assert.deepEqual(known(run), known(waiting), 'what waits is run, and nothing else')
  return waiting.length
}

/** Calls that were answered by nobody who had seen them: before they were there, or as another kind of call. */
function strangely(shown: readonly SessionEvent[]): readonly string[] {
  const [calls, custom] = [new Set<string>(), new Set<string>()]
  return shown.flatMap((event) => {
    if (event.type === 'agent.tool_use') calls.add(event.id)
    if (event.type === 'agent.custom_tool_use') custom.add(event.id)
    if (event.type === 'user.tool_confirmation' || event.type === 'user.tool_result') {
      return calls.has(event.tool_use_id) ? [] : [event.tool_use_id]
    }
    return event.type === 'user.custom_tool_result' && !custom.has(event.custom_tool_use_id)
      ? [event.custom_tool_use_id]
      : []
  })
}
