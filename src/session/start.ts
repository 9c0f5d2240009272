import type { Policy } from './policy.ts'
import type { LogState } from './state.ts'
import { initialState } from './state.ts'

/** What the API has stored before it starts a session. */
export interface StoredConfiguration {
  readonly id: string
  readonly agentName: string
  readonly policy: Policy
}

/**
 * The state that a run starts in, from the input that stands in its first history event. Whoever wrote the input, only
 * what has the right shape counts, so that the workflow and every reader start alike.
 */
export function startingState(input: unknown): LogState {
  const title = field(input, 'title')
  const id = field(field(input, 'configuration'), 'id')
  return initialState({
    title: typeof title === 'string' ? title : null,
    metadata: toStrings(field(input, 'metadata')),
    configuration: typeof id === 'string' ? id : null,
  })
}

/** The configuration that an input names: null when it names none, undefined when what it names is no configuration. */
export function readConfiguration(input: unknown): StoredConfiguration | null | undefined {
  const named = field(input, 'configuration')
  if (named === undefined || named === null) return null
  const [id, agentName, policy] = [field(named, 'id'), field(named, 'agentName'), field(named, 'policy')]
  return typeof id === 'string' && typeof agentName === 'string' && isPolicy(policy)
    ? { id, agentName, policy }
    : undefined
}

function isPolicy(value: unknown): value is Policy {
  const numbers = ['tries', 'baseMs', 'capMs', 'toolRounds'].map((key) => field(value, key))
  const steering = field(value, 'steering')
  return (
    typeof field(value, 'harness') === 'string' &&
    numbers.every((number) => typeof number === 'number') &&
    (steering === 'step' || steering === 'turn')
  )
}

/** A member of whatever value, undefined where there is none. */
export function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

function toStrings(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === 'string'))
}
