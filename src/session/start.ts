import type { LogState } from './state.ts'
import { initialState } from './state.ts'

/**
 * The state that a run starts in, from the input that stands in its first history event. Whoever wrote the input, only
 * what has the right shape counts, so that the workflow and every reader start alike.
 */
export function startingState(input: unknown): LogState {
  const title = field(input, 'title')
  const configuration = field(field(input, 'configuration'), 'id')
  return initialState({
    title: typeof title === 'string' ? title : null,
    metadata: toStrings(field(input, 'metadata')),
    configuration: typeof configuration === 'string' ? configuration : null,
  })
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

function toStrings(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === 'string'))
}
