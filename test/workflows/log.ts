import assert from 'node:assert/strict'
import type { HistoryItem } from '../../src/history/item.ts'
import { comparePositions } from '../../src/history/position.ts'
import type { LogItem } from '../../src/history/project.ts'
import { Projection } from '../../src/history/project.ts'
import type { LogState } from '../../src/session/state.ts'
import { initialState } from '../../src/session/state.ts'
import type { SessionEvent } from '../../src/wire/types.ts'
import { faultsOfLog } from '../support/log-grammar.ts'

export interface ReadLog {
  readonly state: LogState
  readonly items: readonly LogItem[]
  /** What a client sees on the stream, queued echoes included. */
  readonly shown: readonly SessionEvent[]
}

/** A session's log as every reader projects it from the histories of its runs. */
export function readLog(session: string, ...runs: readonly (readonly HistoryItem[])[]): ReadLog {
  let state = initialState({ title: null, metadata: {}, configuration: null })
  const items: LogItem[] = []
  for (const history of runs) {
    const projection = new Projection(session)
    items.push(...history.flatMap((item) => projection.take(item)))
    state = projection.state
  }
  return { state, items, shown: items.flatMap(({ shown }) => (shown ? [shown] : [])) }
}

/** Throws unless the workflow's state is the fold of the log that readers project, and that log is sound. */
export function assertOneMind(log: ReadLog, workflow: LogState): void {
  assert.deepEqual(workflow, log.state, 'the workflow’s state is the fold of its projected history')
  const places = log.items.map(({ position, at }) => ({ position, at }))
  for (const [index, place] of places.entries()) {
    const before = places[index - 1]
    assert(!before || comparePositions(before.position, place.position) < 0, 'places are in order, across runs too')
    assert(!before || before.at <= place.at, 'times never go back, across runs either')
  }
  assert.deepEqual(faultsOfLog(log.shown, 'stream', workflow), [], 'the log is sound')
}
