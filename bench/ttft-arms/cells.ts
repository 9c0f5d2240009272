import type { Client } from '@temporalio/client'
import { until } from '../recovery/until.ts'
import { rotate } from '../sandbox/interleave.ts'
import type { Context } from '../support/benchmark.ts'
import type { BenchModel, ModelCall } from '../support/model.ts'
import { begin } from './beginning.ts'
import type { Beginning } from './beginning.ts'
import type { Place, When } from './place.ts'
import { arms } from './place.ts'

/** What a figure is of. */
export interface Cell {
  readonly place: string
  /** Sessions that are created at the same time. */
  readonly crowd: number
  /** From the model's having a request to its first byte. */
  readonly waitMs: number
  readonly when: When
}

/** What the sessions of one moment gave, in the order in which they were created. */
export interface Taken {
  readonly cell: Cell
  readonly begun: readonly (Beginning & { readonly call: ModelCall })[]
  /** Of arm `first`: how long each sandbox took, from being asked for to the workflow's knowing. */
  readonly provisionMs: readonly number[]
  readonly sandboxes: number
}

/** `again`: for a second round of many at once, what matters most first. */
const waits = { full: [50, 200, 600, 1_000], again: [600, 200, 1_000, 50], quick: [50, 600] }
/** At one place; the round that is under way is finished, and each has one. */
const mostMs = { alone: 120_000, crowded: 210_000 }
const patienceMs = 120_000
const words = 8
const answer = { words, gapMs: 10 }
let serial = 0

/**
 * Every arm at every latency of the model in turns, alone and many at once; the sandboxes of a round are gone before the
 * next. Further rounds only as long as there is time.
 */
export async function measurePlace(place: Place, model: BenchModel, context: Context): Promise<readonly Taken[]> {
  const { quick, count, say } = context
  const latencies = quick ? waits.quick : waits.full
  async function round(crowd: number, order: readonly (readonly [waitMs: number, When])[]): Promise<readonly Taken[]> {
    const some: Taken[] = []
    for (const [waitMs, when] of order) some.push(await take(place, model, { place: place.name, crowd, waitMs, when }))
    await place.clear(some.flatMap(({ begun }) => begun.map(({ id }) => id)))
    return some
  }
  // The first ones open connections and are not counted.
  await round(1, inTurns([200], 0))

  const taken: Taken[] = []
  const aloneUntil = performance.now() + mostMs.alone
  for (let index = 0; index < count(12, 1) && (index === 0 || performance.now() < aloneUntil); index += 1) {
    say(`${place.name}, alone, round ${index + 1}`)
    taken.push(...(await round(1, inTurns(latencies, index))))
  }
  const crowd = count(20, 4)
  const crowdedUntil = performance.now() + mostMs.crowded
  for (const [index, waitMs] of [...latencies, ...(quick ? [] : waits.again)].entries()) {
    if (index >= latencies.length && performance.now() > crowdedUntil) break
    say(`${place.name}, ${crowd} at once, model ${waitMs} ms`)
    taken.push(...(await round(crowd, inTurns([waitMs], index))))
  }
  return taken
}

function inTurns(latencies: readonly number[], by: number): readonly (readonly [waitMs: number, when: When])[] {
  return latencies.flatMap((waitMs) => rotate(arms, by).map((when) => [waitMs, when] as const))
}

/** Alone a session uses a tool behind its first words; of many three in ten do. */
async function take(place: Place, model: BenchModel, cell: Cell): Promise<Taken> {
  const { crowd, waitMs, when } = cell
  const { service, params } = place
  const directives = Array.from({ length: crowd }, (_, index) => {
    const usesTool = crowd === 1 || (index * 3) % 10 < 3
    return { ...answer, waitMs, waitsOnce: true, tag: `begin-${++serial}`, tools: usesTool ? 1 : 0, preface: words }
  })
  const sessions = await Promise.all(
    directives.map(async (directive) => ({ ...(await begin(service.sdk, params[when], directive)), directive })),
  )
  const ids = sessions.map(({ id }) => id)
  const wanted = when === 'lazy' ? directives.filter(({ tools }) => tools > 0).length : crowd
  const haveAll = async () => (await place.countSandboxes(ids)) === wanted
  await until(haveAll, `${wanted} of ${crowd} have a sandbox`, patienceMs)
  const begun = sessions.map(({ directive: { tag, tools }, ...beginning }) => {
    if (tools > 0) model.take(tag, 1)
    return { ...beginning, call: model.take(tag, 0) }
  })
  const provisionMs = when === 'first' ? await Promise.all(ids.map((id) => readProvisionMs(service.temporal, id))) : []
  return { cell, begun, provisionMs, sandboxes: wanted }
}

async function readProvisionMs({ workflow }: Client, session: string): Promise<number> {
  const { events } = await workflow.getHandle(session).fetchHistory()
  const timed = (events ?? []).map(({ eventTime, ...event }) => ({
    ...event,
    ms: Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1e6,
  }))
  const asked = timed.find((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'provision')
  const made = timed.find(({ activityTaskCompletedEventAttributes: end }) =>
    asked?.eventId ? end?.scheduledEventId?.toString() === asked.eventId.toString() : false,
  )
  if (!asked || !made) throw new Error(`expected ${session} to have had its sandbox made`)
  return made.ms - asked.ms
}
