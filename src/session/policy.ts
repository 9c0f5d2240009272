import type { Accounting } from './cost.ts'

/** What of a harness the loop needs; plain data that a session starts with and keeps. */
export interface Policy {
  /** Id of the harness, recorded with every model call. */
  readonly harness: string
  /** Tries of one model request, the first included. */
  readonly tries: number
  /** Back-off before the n-th retry: `baseMs · 2ⁿ⁻¹`, at most `capMs`; a server's `retry-after` wins. */
  readonly baseMs: number
  readonly capMs: number
  /** Tool rounds of one turn before it is ended. */
  readonly toolRounds: number
  /** Whether a message that arrives mid-turn is taken up at the next step or becomes the next turn. */
  readonly steering: 'step' | 'turn'
  /** How the context is kept within the model's window; without it, the context is left alone. */
  readonly context?: ContextPolicy
  /** The size past which a run is rolled over: history events, signals, bytes of history. */
  readonly run?: { readonly events: number; readonly signals: number; readonly bytes: number }
  /** What the session's cost is counted by. Policies from before there was any have none. */
  readonly accounting?: Accounting
  /** Whether clients may send system messages. In sessions from before they could, they count as the user's. */
  readonly takesSystem?: boolean
  /** Whether the calls of the toolset run on machines of the user's; absent where they run in our sandboxes. */
  readonly selfHosted?: true
  /** When the session's sandbox is made; absent, with the first call that needs it. */
  readonly provisioning?: Provisioning
  /** Whether a call whose tries are used up is told to be of unknown outcome; absent in runs from before it was. */
  readonly tellsUnknown?: true
}

/** `first`: before the model is asked for the first time. `parallel`: while it is. */
export type Provisioning = 'first' | 'parallel'

export interface ContextPolicy {
  /** Tokens that a request and its answer may have together. */
  readonly window: number
  /** Share of the window from which old tool results are trimmed, and the one from which all is summarised. */
  readonly trimAt: number
  readonly compactAt: number
  /** Tool rounds whose results are never trimmed as old ones. */
  readonly keepRounds: number
  /** Summaries in a row, without a word or call of the model in between, before the turn is ended. */
  readonly compactionsInARow: number
  /**
   * Share of the window by which the context has to grow past what a summary left, before the next one is worth its
   * price. Policies from before there was one have none, and ask for a summary at every step past the line.
   */
  readonly growth?: number
  /** Whether an answer that ends where the window does is gone on with. Under policies from before that it ends the turn. */
  readonly resumes?: true
  /** What the model reads in place of what was left out. */
  readonly trimmed: string
  /** Characters that are left of an input when nothing else helps. */
  readonly longest: number
}

/** How a later harness keeps the context, for a session whose own does not say. */
export interface Adoptable {
  /** The later harness's id. */
  readonly harness: string
  readonly context: ContextPolicy
}

/** Of harnesses that do not say. */
const GROWTH = 0.1

export function backOffMs(policy: Policy, failures: number, retryAfterMs: number | undefined): number {
  return retryAfterMs ?? Math.min(policy.capMs, policy.baseMs * 2 ** failures)
}

/** The part of a harness that the loop needs, from what the harness says for the session's model. */
export function policyOf(settings: {
  readonly id: string
  readonly retry: Pick<Policy, 'tries' | 'baseMs' | 'capMs'>
  readonly toolRounds: number
  readonly steering: Policy['steering']
  readonly context?: ContextPolicy
  readonly takesSystem?: boolean
}): Policy {
  const { id, retry, toolRounds, steering, context, takesSystem } = settings
  return renew({
    harness: id,
    ...retry,
    toolRounds,
    steering,
    ...(context ? { context } : {}),
    ...(takesSystem === undefined ? {} : { takesSystem }),
  })
}

/**
 * The policy of a session in an environment: where its calls run, and when their sandbox is made. What the environment
 * says of that goes before what holds otherwise; `lazy` is how a policy without a word of it is meant.
 */
export function policyIn(
  { provisioning: usual, ...policy }: Policy,
  {
    selfHosted,
    provisioning = usual ?? 'lazy',
  }: { readonly selfHosted?: true; readonly provisioning?: Provisioning | 'lazy' },
): Policy {
  if (selfHosted) return { ...policy, selfHosted }
  return provisioning === 'lazy' ? policy : { ...policy, provisioning }
}

/** A policy of an earlier version, as a run that takes over goes on under it: with what it lacks. */
export function renew(policy: Policy): Policy {
  const { context } = policy
  return { tellsUnknown: true, ...policy, ...(context && { context: { growth: GROWTH, resumes: true, ...context } }) }
}
