import { contextOf } from './context.ts'
import type { Journal } from './journal.ts'
import type { ContextPolicy } from './policy.ts'

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

/** Whether the next request asks for a summary instead of going on. */
export function isCompactionDue({ state }: Journal, { window, compactAt }: ContextPolicy): boolean {
  const { compacting, tokens } = contextOf(state)
  return compacting || (tokens !== null && tokens >= compactAt * window)
}

/**
 * After a request was refused because the context is too long: goes one step further than before, from trimming to a
 * summary to cutting what is left. Answers false when there is no further step.
 */
export function makeRoom(journal: Journal): boolean {
  const { state, surroundings } = journal
  const policy = surroundings.policy.context
  if (!policy) return false
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
