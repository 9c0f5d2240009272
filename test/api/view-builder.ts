import type { LogItem } from '../../src/history/project.ts'
import type { LogView } from '../../src/history/tracked.ts'
import type { LogState } from '../../src/session/state.ts'
import type { SessionEvent } from '../../src/wire/types.ts'
import { emptyState } from '../support/session-builders.ts'

/** What stands at one place of a log: by its id, a finished event, a queued message, its taking effect, or a private record. */
export type Step = { readonly at: number } & (
  | { readonly do: 'say' | 'queue' | 'take'; readonly id: string }
  | { readonly do: 'hide' }
)

/** A view of a log of these steps, one to a history event. */
export function buildView(steps: readonly Step[], change: Partial<LogState> = {}): LogView {
  const taken = new Set(steps.flatMap((step) => (step.do === 'take' ? [step.id] : [])))
  const queue = steps.flatMap((step) =>
    step.do === 'queue' && !taken.has(step.id) ? [{ id: step.id, type: 'user.message' as const, content: [] }] : [],
  )
  return {
    session: 'sesn_1',
    state: emptyState({ queue, ...change }),
    items: steps.map((step, index) => toItem(step, index + 1)),
    scheduled: new Map(),
    startedAt: steps[0]?.at ?? 0,
    changedAt: steps.at(-1)?.at ?? 0,
    archivedAt: null,
    length: steps.length,
  }
}

function toItem(step: Step, event: number): LogItem {
  const place = { position: { run: 1, event, index: 0 }, at: step.at, says: null }
  if (step.do === 'hide') return { ...place, shown: null, finished: true }
  const time = step.do === 'queue' ? null : new Date(step.at).toISOString()
  const content: [] = []
  const shown: SessionEvent =
    step.do === 'say'
      ? { id: step.id, type: 'agent.message', content, processed_at: new Date(step.at).toISOString() }
      : { id: step.id, type: 'user.message', content, processed_at: time }
  return { ...place, shown, finished: step.do !== 'queue' }
}
