import type { Turn } from './support/arm.ts'
import { toOverhead } from './support/arm.ts'
import { createBenchmark } from './support/benchmark.ts'
import { prepare } from './support/conversation.ts'
import type { LongSessionOptions } from './support/long-session.ts'
import { LongSession } from './support/long-session.ts'
import { startBenchModel } from './support/model.ts'
import type { Series } from './support/result.ts'
import { startService } from './support/service.ts'

const length = 2_048
const ages = [10, 100, 1_000]
/** Turns that the session beside an old one has had. */
const youngAge = 10

/** Whether a turn becomes slower as its session becomes older. */
export const benchmark = createBenchmark({
  name: 'gap',
  title: 'The turns of an old session',
  question: 'How much of its own time does the service add to a turn when its session has had 10, 100 or 1,000 turns?',
  method: `From the client's request until the client's stream brings \`session.status_idle\`, minus the time from each model
request's head to the last byte of its answer: what the service itself needs between one answer and the next. Turns have
${length} characters of text each way and no tools; the model answers at once, its text in one delta. Runs have their usual
length. There are two sessions. With the *whole context* the model always claims the same small usage, so that nothing is ever
summarised and the request of turn 1,000 holds the whole conversation. With the *compacted context* it counts a token for four
bytes, and is asked for a summary at the harness's own share of the window.

When a session is old enough, its next turns alternate with those of a fresh one that has had ${youngAge}, so that both meet the same
load; the ratios are those of pairs.`,
  limits: `The time in which the model reads and parses a request counts as the model's, the time in which it is built and sent as
ours. One session at a time is measured.`,
  async measure({ quick, count, say }) {
    await using model = await startBenchModel()
    // A smoke run has few turns, and rolls over and compacts all the same.
    await using service = await startService({ modelUrl: model.url, env: quick ? { LONGHAND_RUN_EVENTS: '100' } : {} })
    const prepared = await prepare(service.sdk)
    const open = (counted: boolean): LongSessionOptions => ({
      service,
      model,
      prepared,
      directive: { length: count(length, 10 * length), whole: true, counted },
    })
    await using whole = await LongSession.open(open(false))
    await using compacted = await LongSession.open(open(true))
    const kinds = [
      { name: 'whole context', old: whole, options: open(false) },
      { name: 'compacted context', old: compacted, options: open(true) },
    ]
    const series: Series[] = []
    const notes: string[] = []
    for (const age of ages) {
      const turns = count(age, Math.ceil(age / 25))
      say(`${turns} turns`)
      await Promise.all([whole.reach(turns), compacted.reach(turns)])
      for (const { name, old, options } of kinds) {
        const pairs = await comparePairs(old, options, count(25, 2))
        series.push(...toSeries(`${name}, turn ${age.toLocaleString('en')}`, pairs))
        if (age === ages.at(-1)) notes.push(`${name}: ${old.summaries} summaries in ${old.turns} turns.`)
      }
    }
    return { series, flags: service.flags, notes }
  },
})

interface Pair {
  readonly old: Turn
  readonly young: Turn
}

/** Turns of an old session and of a fresh one like it, in turns; who goes first changes. */
async function comparePairs(old: LongSession, options: LongSessionOptions, rounds: number): Promise<readonly Pair[]> {
  await using young = await LongSession.open(options)
  await young.reach(youngAge)
  const pairs: Pair[] = []
  for (let round = 0; round < rounds; round += 1) {
    const first = round % 2 === 0 ? await old.turn() : undefined
    const turn = await young.turn()
    pairs.push({ old: first ?? (await old.turn()), young: turn })
  }
  return pairs
}

function toSeries(label: string, pairs: readonly Pair[]): readonly Series[] {
  const old = pairs.map((pair) => toOverhead(pair.old))
  const young = pairs.map((pair) => toOverhead(pair.young))
  const bodies = pairs.map((pair) => Math.max(...pair.old.calls.map(({ bytes }) => bytes)) / 1024)
  return [
    { label, unit: 'ms', samples: old, baseline: `${label}: turn 10 beside it`, paired: true },
    { label: `${label}: turn 10 beside it`, unit: 'ms', samples: young },
    {
      label: `${label}, over turn 10`,
      unit: 'count',
      samples: old.map((ms, index) => ms / (young[index] ?? Number.NaN)),
      aims: [{ of: 'p50', atMost: 1.2 }],
    },
    { label: `${label}: request body`, unit: 'KiB', samples: bodies },
  ]
}
