import assert from 'node:assert/strict'
import type { HistoryItem } from '../../src/history/item.ts'
import type { LogItem } from '../../src/history/project.ts'
import { Projection } from '../../src/history/project.ts'
import type { LogState } from '../../src/session/state.ts'
import type { SessionEvent } from '../../src/wire/types.ts'
import { faultsOfLog } from '../support/log-grammar.ts'

export interface ReadLog {
  readonly state: LogState
  readonly items: readonly LogItem[]
  /** What a client sees on the stream, queued echoes included. */
  readonly shown: readonly SessionEvent[]
}

/** A session's log as every reader projects it from history. */
export function readLog(session: string, history: readonly HistoryItem[]): ReadLog {
  const projection = new Projection(session, 1)
  const items = history.flatMap((item) => projection.take(item))
  return { state: projection.state, items, shown: items.flatMap(({ shown }) => (shown ? [shown] : [])) }
}

/** Throws unless the workflow's state is the fold of the log that readers project, and that log is sound. */
export function assertOneMind(log: ReadLog, workflow: LogState): void {
  assert.deepEqual(workflow, log.state, 'the workflow’s state is the fold of its projected history')
  assert.deepEqual(faultsOfLog(log.shown, 'stream'), [], 'the log is sound')
}
