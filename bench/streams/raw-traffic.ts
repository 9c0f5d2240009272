import type { Emission } from './raw.ts'
import type { Target } from './readers.ts'
import type { Stage, Traffic } from './stage.ts'
import { Streams, patienceMs } from './stage.ts'

/** The same readers on the raw server. */
export async function measureRaw(stage: Stage, emission: Emission): Promise<Traffic> {
  const { raw, say } = stage
  const { frames, readers, to } = emission
  say(`Node alone, ${readers} readers`)
  const keys = Array.from({ length: frames }, (_, number) => `raw${number}`)
  const toTarget = (number: number, count: number): Target => ({
    url: `${raw.url}/${number}`,
    headers: {},
    readers: count,
  })
  const targets = to === 'all' ? [toTarget(0, readers)] : Array.from({ length: readers }, (_, own) => toTarget(own, 1))
  const streams = await Streams.open(stage, raw.pid, targets)
  await streams.begin()
  await raw.emit(emission)
  const expected = targets.map((_, own) => keys.filter((__, number) => to === 'all' || number % readers === own))
  const traffic = await streams.end({ channel: 'event', expected, patienceMs })
  await streams.close()
  return traffic
}
