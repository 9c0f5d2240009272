import { comparePositions } from '../../src/history/position.ts'
import type { LogItem } from '../../src/history/project.ts'
import type { LogEntry } from '../../src/session/transcript.ts'
import type { SessionEvent } from '../../src/wire/types.ts'
import type { Activity, Loop } from './loop.ts'

/** The log as a transcript reads it. */
export function saysOf(log: readonly LogItem[]): readonly LogEntry[] {
  return log.flatMap((item) => (item.says ? [item.says] : []))
}

/** The log as clients see it. */
export function shownOf(log: readonly LogItem[]): readonly SessionEvent[] {
  return log.flatMap((item) => (item.shown ? [item.shown] : []))
}

/** What an activity may know of its session. */
export function logBefore({ log }: Pick<Loop, 'log'>, { run, scheduled }: Activity): readonly LogItem[] {
  return log.filter(({ position }) => comparePositions(position, { run, event: scheduled, index: 0 }) < 0)
}
