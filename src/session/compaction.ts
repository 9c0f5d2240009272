import { contextOf } from './context.ts'
import type { Journal } from './journal.ts'
import type { Adoptable, ContextPolicy } from './policy.ts'

/** How the session keeps its context; null when it leaves it alone. */
export function contextPolicyOf({ state, surroundings }: Journal): ContextPolicy | null {
  return surroundings.policy.context ?? state.adopted ?? null
}

/**
 * Before the model is asked: old tool results are trimmed, once each time the context comes to cross the first line.
 * That may be enough; only the next answer tells.
 */
export function trimOldResults(journal: Journal, { window, trimAt, keepRounds, trimmed }: ContextPolicy): void {
  const { tokens, least, rounds } = contextOf(journal.state)
  if (tokens === null || least === null || rounds <= keepRounds) return
  const line = trimAt * window
  if (tokens >= line && least < line) journal.write({ type: 'log.trimmed', keep_rounds: keepRounds, text: trimmed })
}

/**
 * Whether the next request asks for a summary instead of going on. What no summary takes out, such as a long system
 * prompt, may be past the line by itself: then one is worth its price only now and then, and that is recorded.
 */
export function isCompactionDue(journal: Journal, { window, compactAt, growth }: ContextPolicy): boolean {
  const { compacting, tokens, floor, crowded } = contextOf(journal.state)
  const line = compactAt * window
  if (compacting || tokens === null || tokens < line) return compacting
  if (growth === undefined || typeof floor !== 'number' || tokens - floor >= growth * window) return true
  if (!crowded) journal.write({ type: 'log.crowded', floor, line })
  return false
}

/**
 * After a request was refused because the context is too long: goes one step further than before, from trimming to a
 * summary to cutting what is left. Answers false when there is no further step.
 */
export function makeRoom(journal: Journal, adoptable?: Adoptable): boolean {
  if (!contextPolicyOf(journal) && adoptable) journal.write({ type: 'log.adopted', ...adoptable })
  const policy = contextPolicyOf(journal)
  if (!policy) return false
  const { state } = journal
  const { compacting, rounds, summaries, cut } = contextOf(state)
  const { keepRounds, trimmed: text, longest } = policy
  if (!compacting && rounds > keepRounds) journal.write({ type: 'log.trimmed', keep_rounds: keepRounds, text })
  // Without an answer there is nothing to summarise but what the user said.
  else if (!compacting && summaries === 0 && state.answer) journal.write({ type: 'log.compacting' })
  else if (!cut) journal.write({ type: 'log.trimmed', keep_rounds: 0, text, longest })
  else if (!compacting) journal.write({ type: 'log.compacting' })
  else return false
  return true
}
