import { Arm, toOverhead } from './support/arm.ts'
import { createBenchmark } from './support/benchmark.ts'
import { instantWorker } from './support/instant.ts'
import { startBenchModel } from './support/model.ts'
import type { Aim, Series } from './support/result.ts'
import { startService } from './support/service.ts'

interface Shape {
  readonly label: string
  readonly tools: number
  readonly atMost: number
}

const shapes: readonly Shape[] = [
  { label: 'text turn', tools: 0, atMost: 45 },
  { label: 'turn with one tool', tools: 1, atMost: 75 },
  { label: 'turn with five parallel tools', tools: 5, atMost: 95 },
]

const atMostNormal = 30

const names = ['full', 'normal', 'plain'] as const
type Name = (typeof names)[number]
/** In a row on one service, as an agent at work has them: a lone turn finds the default server's limiter rested. */
const turnsOfRound = 5

/** What a turn costs beside the model and the tools. */
export const benchmark = createBenchmark({
  name: 'turns',
  title: 'Overhead of a turn',
  question: 'How long does a turn take without the time of its model and its tools?',
  method: `From the client's request until the client's stream brings \`session.status_idle\`, minus the time from each model
request's head to the last byte of its answer. The tools take no time to subtract: the worker is that of \`longhand dev\`, with
its loop, its activities and its queues, but what runs a tool call returns at once. The model answers at once too, with eight
words.

Three services run side by side: tuned with \`synchronous=full\`, tuned with \`normal\`, and one on a Temporal server with its
default dynamic configuration (\`full\`). They take turns, ${turnsOfRound} turns of a shape each, with 30 ms of rest after each turn;
sessions are renewed every 40 turns, and a session's first turn is not counted. The tuned rows are paired with those of the
server with default flags, turn by turn of a round.`,
  limits: `The rest between turns lets the default server's limiter recover a little: without any it takes longer. One session at
a time; many are in *Throughput*.`,
  async measure({ count, say }) {
    await using model = await startBenchModel()
    await using full = await startService({ modelUrl: model.url, worker: instantWorker })
    await using normal = await startService({ modelUrl: model.url, worker: instantWorker, synchronous: 'normal' })
    await using plain = await startService({ modelUrl: model.url, worker: instantWorker, flags: 'default' })
    const rounds = count(24, 1)
    const series: Series[] = []
    for (const shape of shapes) {
      say(`${shape.label}, ${rounds} rounds of ${turnsOfRound} turns`)
      const samples: Record<Name, number[]> = { full: [], normal: [], plain: [] }
      await using onFull = await Arm.create({ service: full, model })
      await using onNormal = await Arm.create({ service: normal, model })
      await using onPlain = await Arm.create({ service: plain, model })
      const arms = { full: onFull, normal: onNormal, plain: onPlain }
      for (let round = 0; round < rounds; round += 1) {
        for (const name of names) {
          for (let turn = 0; turn < turnsOfRound; turn += 1)
            samples[name].push(toOverhead(await arms[name].run({ tools: shape.tools })))
        }
      }
      series.push(...toSeries(shape, samples))
    }
    return { series, flags: full.flags }
  },
})

function toSeries({ label, tools, atMost }: Shape, samples: Record<Name, number[]>): Series[] {
  const beside = { unit: 'ms', baseline: `${label}, default flags`, paired: true } as const
  const bound = (ms: number): readonly Aim[] => [{ of: 'p50', atMost: ms }]
  return [
    { label, samples: samples.full, ...beside, aims: bound(atMost) },
    { label: `${label}, \`normal\``, samples: samples.normal, ...beside, aims: tools === 0 ? bound(atMostNormal) : [] },
    { label: `${label}, default flags`, samples: samples.plain, unit: 'ms' },
  ]
}
