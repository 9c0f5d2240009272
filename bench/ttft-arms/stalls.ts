import { rotate } from '../sandbox/interleave.ts'
import type { Context } from '../support/benchmark.ts'
import type { BenchModel } from '../support/model.ts'
import type { Series } from '../support/result.ts'
import { estimateMedian } from '../support/statistics.ts'
import { begin } from './beginning.ts'
import type { Place, When } from './place.ts'
import { setStalled, stallMs } from './stall.ts'

export interface Stalls {
  readonly series: readonly Series[]
  readonly notes: readonly string[]
}

interface Way {
  readonly when: When
  readonly isStalled: boolean
}

const ways: readonly Way[] = [
  { when: 'lazy', isStalled: false },
  { when: 'lazy', isStalled: true },
  { when: 'parallel', isStalled: false },
  { when: 'parallel', isStalled: true },
]
const waitMs = 400
const mostTries = 10
const stalled = `sandboxes ${stallMs / 1_000} s later`
let serial = 0

/**
 * First deltas while sandboxes come late, each in turns with one while they do not. What goes on behind a session's first
 * turn is given up with it.
 */
export async function measureStalls(place: Place, model: BenchModel, context: Context): Promise<Stalls> {
  const { count, say } = context
  const rounds = count(40, 2)
  say(`${stalled}, ${rounds} rounds`)
  const samples = new Map<Way, number[]>(ways.map((way) => [way, []]))
  // The first one opens connections and is not counted.
  for (const way of ways) await run(place, model, way)
  for (let round = 0; round < rounds; round += 1)
    for (const way of rotate(ways, round)) samples.get(way)?.push(await run(place, model, way))
  // That a stall is one shows where the model has to wait for the sandbox.
  const waiting = await Promise.all(
    Array.from({ length: count(3, 1) }, () => run(place, model, { when: 'first', isStalled: true })),
  )
  const series = ways.map((way) => {
    const baseline = way.isStalled ? { baseline: labelOf({ ...way, isStalled: false }), paired: true } : {}
    return { label: labelOf(way), unit: 'ms' as const, samples: samples.get(way) ?? [], ...baseline }
  })
  const control = { label: labelOf({ when: 'first', isStalled: true }), unit: 'ms' as const, samples: waiting }
  return { series: [...series, control], notes: (['lazy', 'parallel'] as const).map((when) => toNote(when, samples)) }
}

/** Milliseconds to the first delta of a session that uses no tool; one whose stream was opened behind it is begun again. */
async function run(place: Place, model: BenchModel, { when, isStalled }: Way): Promise<number> {
  const { service, params } = place
  await setStalled(service.dev.state().data, isStalled)
  for (let tries = 0; tries < mostTries; tries += 1) {
    const tag = `stall-${++serial}`
    const { id, sentAt, deltaAt } = await begin(service.sdk, params[when], { tag, waitMs, gapMs: 10 })
    model.take(tag, 0)
    await service.sdk.beta.sessions.delete(id)
    if (deltaAt !== undefined) return deltaAt - sentAt
  }
  throw new Error(`expected a stream to be open before the model's first byte, ${waitMs} ms after it was asked`)
}

function labelOf({ when, isStalled }: Way): string {
  return `local, model ${waitMs} ms, no tool, ${when}${isStalled ? `, ${stalled}` : ''}`
}

function toNote(when: When, samples: ReadonlyMap<Way, readonly number[]>): string {
  const of = (isStalled: boolean): readonly number[] =>
    [...samples].find(([way]) => way.when === when && way.isStalled === isStalled)?.[1] ?? []
  const well = of(false)
  const { median, low, high } = estimateMedian(of(true).map((ms, index) => ms / (well[index] ?? Number.NaN)))
  const isMet = Math.abs(median - 1) <= 0.05
  const [ratio, ...interval] = [median, low, high].map((each) => each.toFixed(3))
  return `${stalled}, ${when}: the first delta takes ${ratio} times as long (95 %: ${interval.join(' to ')}); aim, within 5 %: ${isMet ? 'met' : 'not met'}`
}
