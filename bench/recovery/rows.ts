import type { Aim, Series } from '../support/result.ts'
import type { Point } from './kill.ts'
import { points } from './kill.ts'
import type { LoadResult } from './load.ts'
import type { Found, Mode } from './repeat.ts'

const aimMs: Readonly<Record<Point, number>> = { idle: 1_500, model: 4_000, tool: 4_000, task: 3_500 }
const order: readonly Mode[] = ['standby', 'restart', 'defaults']

/** Point by point: progress and end with a standby, with a restart, and with the default time-outs. */
export function toSeries(found: readonly Found[]): readonly Series[] {
  return points.flatMap((point) =>
    order.flatMap((mode) => {
      const samples = found.find((each) => each.mode === mode)?.recoveries[point] ?? []
      if (samples.length === 0) return []
      const row = (what: 'progress' | 'end', values: readonly number[]): Series => ({
        label: toLabel(point, mode, what),
        unit: 'ms',
        samples: values,
        ...(mode !== 'defaults' && { baseline: toLabel(point, 'defaults', what) }),
        ...(mode === 'standby' && what === 'progress' && { aims: toAims(point) }),
      })
      return [
        row(
          'progress',
          samples.map(({ progressMs }) => progressMs),
        ),
        row(
          'end',
          samples.map(({ endMs }) => endMs),
        ),
      ]
    }),
  )
}

function toLabel(point: Point, mode: Mode, what: string): string {
  return `${point}, ${mode}: ${what}`
}

function toAims(point: Point): readonly Aim[] {
  return [
    { of: 'p50', atMost: aimMs[point] },
    { of: 'p95', atMost: 5_000 },
  ]
}

/** How many accidents there were, and how many sessions were not where they should have been. */
export function toNotes(found: readonly Found[]): readonly string[] {
  return found.map(({ mode, kills, tried, recoveries }) => {
    const missed = tried - recoveries.task.length
    const misses =
      missed === 0 ? '' : `; ${missed} of ${tried} tasks were not taken by the dead worker and are left out`
    return `${mode}: ${kills} kills, ${tried} sessions at each point${misses}.`
  })
}

export function toLoadSeries({ activityTimeouts, taskTimeouts, stickyTimeouts }: LoadResult): readonly Series[] {
  const row = (label: string, count: number): Series => ({ label, unit: 'count', samples: [count] })
  return [
    row('false time-outs of calls', activityTimeouts),
    row('false time-outs of workflow tasks', taskTimeouts),
    row('tasks taken from a worker that was too slow', stickyTimeouts),
  ]
}

export function toLoadNote({ activities, tasks, turns }: LoadResult): string {
  return `False time-outs are out of ${activities} calls and ${tasks} workflow tasks in ${turns} turns.`
}
