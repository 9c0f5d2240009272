import type { Readers, Timed } from './context/readers.ts'
import { findCursor } from './context/cursor.ts'
import { openReaders } from './context/readers.ts'
import { createBenchmark } from './support/benchmark.ts'
import { prepare } from './support/conversation.ts'
import { LongSession } from './support/long-session.ts'
import { startBenchModel } from './support/model.ts'
import type { Series } from './support/result.ts'
import type { Service } from './support/service.ts'
import { startService } from './support/service.ts'

const length = 2_048
const ages = [10, 100, 1_000]

/** What a model call has to read before it can ask. */
export const benchmark = createBenchmark({
  name: 'context',
  title: 'Context for a model call',
  question: 'How long does it take to rebuild what the model is asked with, after 10, 100 and 1,000 turns?',
  method: `The reader of the worker's model calls, run in the process that measures on connections of its own, after each of a
session's turns once its age is reached. *Cold* is a reader that knows nothing, as on a worker that has just started: the
present run from Temporal's history, what lies before it from the archive. *Warm* is one that has read the context of the turn
before. Turns have ${length} characters of text each way and no tools; runs have their usual length. With the *whole context* nothing
is summarised; with the *compacted context* the model counts a token for four bytes, and what its newest summary stands for is not read.

*Raw* reads, for each rebuild, the same pages of history by gRPC and the same rows of the archive by \`pg\`, one after the other,
and makes nothing of them.`,
  limits: `Building the request from the entries and sending it is not in it; both are in *The turns of an old session*. A turn whose
run has just begun is left out, because its model call is in the run before. What is kept as blobs is not in these contexts.`,
  async measure({ quick, count, say }) {
    await using model = await startBenchModel()
    // A smoke run has few turns, and rolls over and compacts all the same.
    await using service = await startService({ modelUrl: model.url, env: quick ? { LONGHAND_RUN_EVENTS: '100' } : {} })
    await using readers = await openReaders(service)
    const prepared = await prepare(service.sdk)
    const open = (counted: boolean): Promise<LongSession> => {
      const directive = { length: count(length, 10 * length), whole: true, counted }
      return LongSession.open({ service, model, prepared, directive })
    }
    await using whole = await open(false)
    await using compacted = await open(true)
    const kinds = [
      { name: 'whole context', session: whole },
      { name: 'compacted context', session: compacted },
    ]
    const series: Series[] = []
    const notes: string[] = []
    for (const age of ages) {
      const turns = count(age, Math.ceil(age / 25))
      say(`${turns} turns`)
      await Promise.all(kinds.map(({ session }) => session.reach(turns)))
      for (const { name, session } of kinds) {
        const label = `${name}, turn ${age.toLocaleString('en')}`
        const rebuilt = await rebuild({ service, readers, session }, count(25, 2))
        series.push(...toSeries(`${label}: cold`, rebuilt.cold), ...toSeries(`${label}: warm`, rebuilt.warm))
        notes.push(`${label}: ${rebuilt.cold.at(-1)?.entries ?? 0} entries, ${session.summaries} summaries so far.`)
      }
    }
    return { series, flags: service.flags, notes }
  },
})

interface Subject {
  readonly service: Service
  readonly readers: Readers
  readonly session: LongSession
}

interface Rebuilt {
  readonly cold: readonly Timed[]
  readonly warm: readonly Timed[]
}

/** After each of the next turns, so that there is something new to a warm reader each time. */
async function rebuild({ service, readers, session }: Subject, samples: number): Promise<Rebuilt> {
  const cold: Timed[] = []
  const warm: Timed[] = []
  let isKnown = false
  while (warm.length < samples) {
    await session.turn()
    const cursor = await findCursor(service.connection, session.id)
    if (!cursor) continue
    const timed = await readers.warm(cursor)
    // The first time it is as cold as the others.
    if (isKnown) {
      warm.push(timed)
      cold.push(await readers.cold(cursor))
    }
    isKnown = true
  }
  return { cold, warm }
}

function toSeries(label: string, timed: readonly Timed[]): readonly Series[] {
  const raw = `${label}, raw`
  return [
    { label, unit: 'ms', samples: timed.map(({ ours }) => ours), baseline: raw, paired: true },
    { label: raw, unit: 'ms', samples: timed.map((each) => each.raw) },
  ]
}
