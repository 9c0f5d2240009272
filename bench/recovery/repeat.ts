import type { Point, Recovery } from './kill.ts'
import { killOnce, points } from './kill.ts'
import type { Scene } from './scene.ts'
import type { Workers } from './workers.ts'

/** Who goes on when the worker is dead, and by which time-outs. */
export type Mode = 'standby' | 'restart' | 'defaults'

export interface Found {
  readonly mode: Mode
  readonly kills: number
  /** Sessions at each point of all kills. */
  readonly tried: number
  /** Of `task` there are fewer when the dead worker had not taken every task. */
  readonly recoveries: Readonly<Record<Point, readonly Recovery[]>>
}

export interface RepeatOptions {
  readonly mode: Mode
  readonly kills: number
  readonly scene: Scene
  readonly workers: Workers
  readonly say: (line: string) => void
}

/** Sessions at each point per kill. */
const each = 3

export async function repeat({ mode, kills, scene, workers, say }: RepeatOptions): Promise<Found> {
  const recoveries: Record<Point, Recovery[]> = { idle: [], model: [], tool: [], task: [] }
  const prepare = (): Promise<void> => (mode === 'restart' ? workers.settled() : workers.standBy())
  for (let kill = 1; kill <= kills; kill += 1) {
    const recovered = await killOnce(scene, workers, { each, prepare })
    for (const point of points) recoveries[point].push(...recovered[point])
    say(`${mode}: kill ${kill} of ${kills}`)
  }
  return { mode, kills, tried: kills * each, recoveries }
}
