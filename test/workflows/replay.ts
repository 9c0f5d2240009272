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
      large: { fn: () => undefined },
      state: {
        fn: ({ workflowId }: { workflowId: string }, state: string) => void states.set(workflowId, JSON.parse(state)),
        callDuringReplay: true,
      },
    },
  }
  const workflowBundle = withChange(bundle, /report\(state\);/, 'report(state); index.state(JSON.stringify(state));')
  const errors = new Map<string, string>()
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle, sinks }, histories)) {
    if (error) errors.set(workflowId, error.message)
  }
  return new Map(
    histories.flatMap(({ name, workflowId, state }): [string, string][] => {
      const error = errors.get(workflowId)
      if (error !== undefined) return [[name, error]]
      return isAsKept(states.get(workflowId), state) ? [] : [[name, 'ends in another state']]
    }),
  )
}

/** Whether every field that a kept state knows is as it was; later versions may have more. */
export function isAsKept(state: LogState | undefined, kept: LogState): boolean {
  const known = Object.keys(kept)
  const there = Object.entries(state ?? {}).filter(([name]) => known.includes(name))
  return isDeepStrictEqual(Object.fromEntries(there), kept)
}
