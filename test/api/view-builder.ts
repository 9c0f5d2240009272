import type { LogArchive } from '../../src/history/archive.ts'
import type { LogItem } from '../../src/history/project.ts'
import type { SessionLog } from '../../src/history/session-log.ts'
import { createSessionLog } from '../../src/history/session-log.ts'
import type { LogView } from '../../src/history/tracked.ts'
import type { LogState } from '../../src/session/state.ts'
import type { SessionEvent } from '../../src/wire/types.ts'
import { createFakeSource } from '../support/history-builders.ts'
import { createMemoryArchive } from '../support/memory-archive.ts'
import { emptyState } from '../support/session-builders.ts'
import { silentLog } from '../support/silent-log.ts'

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
    state: emptyState({ queue, seen: steps.flatMap((step) => (step.do === 'queue' ? [step.id] : [])), ...change }),
    run: 1,
    signals: 0,
    runs: [
      { run: 1, first: 1, cuts: [], items: steps.map((step, index) => toItem(step, index + 1)), scheduled: () => null },
    ],
    startedAt: steps[0]?.at ?? 0,
    changedAt: steps.at(-1)?.at ?? 0,
    archivedAt: null,
    length: steps.length,
  }
}

/** What reads views: all that one holds is in memory or in this archive. */
export function viewReader(
  archive: LogArchive = createMemoryArchive(),
): Pick<SessionLog, 'slice' | 'behind' | 'mayBeShown' | 'wasGivenUp' | 'find'> {
  const log = createSessionLog({ source: createFakeSource(), archive, log: silentLog })
  const { slice, behind, mayBeShown, wasGivenUp, find } = log
  return { slice, behind, mayBeShown, wasGivenUp, find }
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
