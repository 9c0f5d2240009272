import { comparePositions } from '../../src/history/position.ts'
import type { LogItem } from '../../src/history/project.ts'
import type { SessionLog } from '../../src/history/session-log.ts'
import type { LogView } from '../../src/history/tracked.ts'
import { decided, scheduled, signaled } from './history-builders.ts'
import { runsOf, toAtoms, wholeLog } from './run-builders.ts'
import { message } from './session-builders.ts'

/** A session of three runs: the first leaves a message that waits, which the second takes up; the third is open. */
export const CHAPTERS = [
  [signaled(message('m1'), message('m2')), decided({ type: 'log.mark', id: 'm1' })],
  [decided({ type: 'log.mark', id: 'm2' }), ...toAtoms(['answer', 'confirm'])],
  [signaled(message('m3')), scheduled('call')],
]
export const RUNS = runsOf(CHAPTERS)
export const WHOLE = wholeLog(RUNS)
export const FINISHED = WHOLE.filter(({ finished }) => finished)

/** All finished items of a view, from wherever they are. */
export async function readAll(log: SessionLog, view: LogView): Promise<readonly LogItem[]> {
  const slices = await Promise.all(
    (['client', 'model'] as const).map((audience) => log.slice(view, { order: 'asc', limit: 999, audience })),
  )
  const byPlace = new Map(slices.flat().map((item) => [JSON.stringify(item.position), item]))
  return [...byPlace.values()].toSorted((a, b) => comparePositions(a.position, b.position))
}
