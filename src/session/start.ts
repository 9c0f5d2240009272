import { parseBudget } from './budget.ts'
import { isAccounting } from './cost.ts'
import { field } from './field.ts'
import type { Policy, Provisioning } from './policy.ts'
import { foldResource, resourcesOf } from './resources.ts'
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
  const configuration = field(input, 'configuration')
  const id = field(configuration, 'id')
  const accounting = field(field(configuration, 'policy'), 'accounting')
  const budget = parseBudget(field(input, 'budget'))
  const begun = initialState({
    title: typeof title === 'string' ? title : null,
    metadata: toStrings(field(input, 'metadata')),
    configuration: typeof id === 'string' ? id : null,
  })
  const takesSystem = field(field(configuration, 'policy'), 'takesSystem')
  const provisioning = field(field(configuration, 'policy'), 'provisioning')
  const supplied = resourcesOf(input).map((resource) => ({ type: 'log.resource' as const, resource }))
  return {
    ...supplied.reduce(foldResource, begun),
    ...(isAccounting(accounting) ? { accounting } : {}),
    ...(budget ? { budget } : {}),
    ...(typeof takesSystem === 'boolean' ? { takesSystem } : {}),
    ...(field(field(configuration, 'policy'), 'selfHosted') === true ? { selfHosted: true } : {}),
    ...(isProvisioning(provisioning) ? { provisioning } : {}),
  }
}

/**
 * Whether the batches of a run may hold results of workers. Said by its start alone, so that the workflow and every reader
 * say the same of a batch wherever it stands; of a session begun by hand that is whether it names an environment.
 * @param begun the state that the run starts in.
 */
export function takesResults({ selfHosted }: LogState, input: unknown): boolean {
  return selfHosted === true || (readConfiguration(input) === null && typeof field(input, 'environment') === 'string')
}

/** @throws for an input of a version that this one does not know: a newer worker has to take the session. */
export function demandKnown(input: unknown): void {
  const version = field(input, 'v') ?? 1
  if (version !== 1) throw new Error(`expected an input of version 1, got ${JSON.stringify(version)}`)
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

/** `context`, `run` and all that comes after them are parts that older policies do not have. */
function isPolicy(value: unknown): value is Policy {
  const steering = field(value, 'steering')
  const [context, run] = [field(value, 'context'), field(value, 'run')]
  const [accounting, takesSystem] = [field(value, 'accounting'), field(value, 'takesSystem')]
  const [selfHosted, provisioning] = [field(value, 'selfHosted'), field(value, 'provisioning')]
  return (
    typeof field(value, 'harness') === 'string' &&
    hasNumbers(value, ['tries', 'baseMs', 'capMs', 'toolRounds']) &&
    (steering === 'step' || steering === 'turn') &&
    (context === undefined ||
      (typeof field(context, 'trimmed') === 'string' && hasNumbers(context, CONTEXT_NUMBERS))) &&
    (run === undefined || RUN_LIMITS.every((name) => Number(field(run, name)) >= 1)) &&
    (accounting === undefined || isAccounting(accounting)) &&
    (takesSystem === undefined || typeof takesSystem === 'boolean') &&
    (selfHosted === undefined || selfHosted === true) &&
    (provisioning === undefined || isProvisioning(provisioning))
  )
}

function isProvisioning(value: unknown): value is Provisioning {
  return value === 'first' || value === 'parallel'
}

const RUN_LIMITS = ['events', 'signals', 'bytes']
const CONTEXT_NUMBERS = ['window', 'trimAt', 'compactAt', 'keepRounds', 'compactionsInARow', 'longest']

function hasNumbers(value: unknown, names: readonly string[]): boolean {
  return names.every((name) => typeof field(value, name) === 'number')
}

function toStrings(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === 'string'))
}
