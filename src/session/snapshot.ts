import type { LogState } from './state.ts'

/** What a person reads in Temporal's Web UI as the memo `session`. Small, and never the source of anything. */
export interface Snapshot {
  readonly status: string
  readonly agent: string
  readonly title: string | null
  readonly queued: number
  readonly tokens: string
}

export function snapshot(state: LogState, agent: string): Snapshot {
  const { input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens } = state.usage
  const read = input_tokens + cache_read_input_tokens + cache_creation_input_tokens
  return {
    status: describeStatus(state),
    agent,
    title: state.title,
    queued: state.queue.length,
    tokens: `${read} in, ${output_tokens} out`,
  }
}

function describeStatus(state: LogState): string {
  if (state.status === 'idle') return state.stop ? `idle (${state.stop.type})` : 'idle'
  if (state.phase === 'model') return 'running: model'
  if (state.phase === 'compacting') return 'running: compacting the context'
  if (state.phase === 'tools') return `running: ${state.calls.map((call) => call.name).join(', ')}`
  return state.status
}
