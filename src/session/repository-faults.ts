import type { Entry } from './entry.ts'
import type { Journal } from './journal.ts'
import type { LogState } from './state.ts'
import { handOf } from './state.ts'

/**
 * Tells clients of the repositories that a new sandbox goes without, once for each generation: calls that begin beside
 * each other, and the one that made it before any, all bring the same list.
 * @param before the state in front of `entries`, which the journal has taken in.
 */
export function tellFaults(journal: Journal, before: LogState, entries: readonly Entry[]): void {
  if (journal.state.status === 'terminated') return
  for (const { hand, faults = [], generation } of entries.filter((entry) => entry.type === 'log.provisioned')) {
    if (faults.length === 0 || handOf(before, hand)?.lacking === generation) continue
    if (handOf(journal.state, hand)?.lacking !== generation) continue
    for (const { type, url, message } of faults) {
      const retry_status = { type: 'retrying' } as const
      journal.emit({
        type: 'session.error',
        error: { type, message: `hands: ${message}`, repository_url: url, retry_status },
      })
    }
  }
}
