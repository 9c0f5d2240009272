import { isDeepStrictEqual } from 'node:util'
import { Worker } from '@temporalio/worker'
import type { LogState } from '../../src/session/state.ts'
import type { Bundle } from './bundle.ts'
import { withChange } from './bundle.ts'
import type { KeptHistory } from './histories.ts'

/**
 * Replays histories on a bundle and answers by name why one does not fit. Temporal compares the kinds of commands, not
 * what stands in them; so the workflow also has to come to the state that was kept, as far as that knew its fields.
 */
export async function replay(bundle: Bundle, histories: readonly KeptHistory[]): Promise<ReadonlyMap<string, string>> {
  const states = new Map<string, LogState>()
  const sinks = {
    index: {
      hint: { fn: () => undefined },
      state: {
        fn: ({ runId }: { runId: string }, state: string) => void states.set(runId, JSON.parse(state)),
        callDuringReplay: true,
      },
    },
  }
  const workflowBundle = withChange(bundle, /index\.hint\(\{[^}]*\}\);/, '$& index.state(JSON.stringify(state));')
  const errors = new Map<string, string>()
  for await (const { runId, error } of Worker.runReplayHistories({ workflowBundle, sinks }, histories)) {
    if (error) errors.set(runId, error.message)
  }
  return new Map(
    histories.flatMap(({ name, history, state }): [string, string][] => {
      const runId = history.events?.[0]?.workflowExecutionStartedEventAttributes?.originalExecutionRunId ?? ''
      const error = errors.get(runId)
      if (error !== undefined) return [[name, error]]
      return isAsKept(states.get(runId), state) ? [] : [[name, 'ends in another state']]
    }),
  )
}

/** Whether every field that a kept state knows is as it was, its context's too; later versions may have more. */
export function isAsKept(state: LogState | undefined, kept: LogState): boolean {
  const there = knownOf(state ?? {}, kept)
  const context = state?.context && kept.context && { context: knownOf(state.context, kept.context) }
  return isDeepStrictEqual({ ...there, ...context }, kept)
}

function knownOf(value: object, kept: object): object {
  return Object.fromEntries(Object.entries(value).filter(([name]) => Object.hasOwn(kept, name)))
}
