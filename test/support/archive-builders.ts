import type { ArchivedItem, ArchivedRun } from '../../src/history/archive.ts'
import type { Position } from '../../src/history/position.ts'
import { emptyState } from './session-builders.ts'

/** When the archived sessions of tests begin. */
export const began = Date.UTC(2026, 2, 1, 12)

/** A closed run, the first one unless said otherwise. */
export function buildArchivedRun(change: Partial<ArchivedRun> = {}): ArchivedRun {
  const run = change.run ?? 1
  return {
    run,
    id: `run-${run}`,
    follows: run > 1 ? `run-${run - 1}` : null,
    cuts: [],
    lastEvent: 10,
    closed: true,
    startedAt: began,
    changedAt: began + run * 1_000,
    archivedAt: null,
    state: emptyState(),
    ...change,
  }
}

/** An item that everybody sees; its id tells its place, its time grows with the event. */
export function buildArchivedItem(position: Position, change: Partial<ArchivedItem> = {}): ArchivedItem {
  const { run, event, index } = position
  return {
    position,
    at: began + run * 100_000 + event * 10,
    entry: {
      type: 'agent.message',
      id: `sevt_${run}_${event}_${index}`,
      content: [{ type: 'text', text: `said at ${run}.${event}.${index}` }],
    },
    audience: 'all',
    ...change,
  }
}

export function buildPrivateItem(position: Position): ArchivedItem {
  return buildArchivedItem(position, { entry: { type: 'log.retry', after_ms: 500 }, audience: 'model' })
}
