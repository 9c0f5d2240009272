import { whyNoDocker } from './sandbox/both.ts'
import { measurePlace } from './ttft-arms/cells.ts'
import type { Taken } from './ttft-arms/cells.ts'
import { tabulate, toVerdict } from './ttft-arms/curve.ts'
import { openPlace } from './ttft-arms/place.ts'
import type { PlaceOptions } from './ttft-arms/place.ts'
import { openRealistic } from './ttft-arms/realistic.ts'
import { toSeries } from './ttft-arms/series.ts'
import { stalledWorker } from './ttft-arms/stall.ts'
import { measureStalls } from './ttft-arms/stalls.ts'
import { createBenchmark } from './support/benchmark.ts'
import type { Context, Outcome } from './support/benchmark.ts'
import { startBenchModel } from './support/model.ts'
import type { BenchModel } from './support/model.ts'
import { toRows } from './support/result.ts'

export const benchmark = createBenchmark({
  name: 'ttft-arms',
  title: 'When a new session gets its sandbox',
  question:
    'How much sooner does a new session speak when its sandbox is made beside the first request to the model, or not before a tool is called, instead of first?',
  method: `From the client's \`sessions.create\` with \`initial_events\` until its first delta, on the stream that it opens with the
id, so the model's time is in the figures. The arm is the environment's \`longhand.provisioning\`: *first* asks the model once the
sandbox is there, *parallel* beside that, *lazy* (the default) makes one for the first call of a tool. *Model* is the time from the
request to the first byte of the answer, which begins with eight words, one every 10 ms.

The arms take turns in each round, each round beginning with the next one; *saves* is against *first* in the same run: of the p50
the median of pairs, of the p95 the quotient. *Result* is the time to the first result of \`bash true\`, which the model calls
behind its first words: always where a session is alone, by three in ten of many at once. A *sandbox made* is the time from the
session's asking for it to its having it, under *first*. Sandboxes are all gone before the next round, and neither copied nor put away
meanwhile. The first sessions of each service are not counted.

- *local*: a sandbox of bubblewrap. *Docker small*: a container of the image that \`setup\` makes. *Docker realistic*: one of an image
  with Python, Node.js and a compiler, on which an environment's packages (pip and npm) were installed before, and a repository
  that is cloned from a git server on this machine through the egress proxy.
- *sandboxes 30 s later*: a worker whose sandboxes are stalled for so long; sessions that use no tool, in turns with sessions
  of the same worker without the stall. *first* stands there to show that it waits.`,
  limits: `What pays: under *lazy* and *parallel* the first word waits for the model alone, which saves the sandbox's share of the
whole, C / (C + L + the rest), with C the sandbox's time and L the model's. That is little where C is small (*local*) or the model
slow, and no arm can save more. What does not: the first result of a tool comes no sooner under *lazy* than under *first*, which take
the same steps in another order. *Parallel* hides of C what fits beside the model's answer, L and its words, and nothing more; it is the
arm for sessions that are sure to use a tool, and costs a sandbox for each that does not, as *first* does.

Two cores are shared by client, model, git server, api, worker, Temporal, Postgres and the Docker daemon: twenty sessions at once
saturate them. C then grows with what waits for a core, which makes *first* slower than a larger machine would, and *parallel*
makes its sandboxes at the cost of those who wait for their words. The image is warm, the network is loopback. A stream shows
previews from its opening on: where a client opened it behind the first delta, the time counted is that of the model's first byte and the
median hop of the others. Many at once have at most two rounds, so their p95 is that of 20 or 40 sessions. The boot times of other platforms are
not played here: what they would give is the formula above with their C.`,
  tabulate,
  measure,
})

async function measure(context: Context): Promise<Outcome> {
  await using model = await startBenchModel()
  const noDocker = await whyNoDocker()
  const skipped = noDocker === undefined ? [] : [`Docker: skipped, ${noDocker}`]
  const taken: Taken[] = []
  const flags = new Set<string>()
  async function run(options: Omit<PlaceOptions, 'modelUrl'>): Promise<void> {
    await using place = await openPlace({ ...options, modelUrl: model.url })
    taken.push(...(await measurePlace(place, model, context)))
    for (const flag of place.service.flags) flags.add(flag)
  }

  const stalls = await measureStalled(model, context)
  await run({ name: 'local', sandbox: 'local' })
  if (noDocker === undefined) {
    await run({ name: 'Docker small', sandbox: 'docker' })
    skipped.push(...(await runRealistic(context, run)))
  }
  const byPlace = [...new Set(taken.map(({ cell }) => cell.place))].map((name) =>
    toSeries(taken.filter(({ cell }) => cell.place === name)),
  )
  const series = [...byPlace.flatMap((each) => each.series), ...stalls.series]
  const late = byPlace.flatMap((each) => each.late)
  const crowd = Math.max(...taken.map(({ cell }) => cell.crowd))
  return {
    series,
    flags: [...flags],
    notes: [
      ...skipped,
      ...toVerdict(toRows(series), { place: realistic, crowd, waitMs: 600 }),
      ...stalls.notes,
      ...(late.length > 0 ? [`Streams opened behind their first delta: ${late.join('; ')}`] : []),
    ],
  }
}

const realistic = 'Docker realistic'

async function measureStalled(model: BenchModel, context: Context): ReturnType<typeof measureStalls> {
  await using place = await openPlace({
    name: 'stalled',
    sandbox: 'local',
    modelUrl: model.url,
    worker: stalledWorker,
  })
  return await measureStalls(place, model, context)
}

/** Answers what the reader must know of it. */
async function runRealistic(
  { say }: Context,
  run: (options: Omit<PlaceOptions, 'modelUrl'>) => Promise<void>,
): Promise<readonly string[]> {
  say(`${realistic}, its image`)
  const opened = await openRealistic()
  if (typeof opened === 'string') return [`${realistic}: skipped, ${opened}`]
  await using parts = opened
  const { image, github, packages, repository, about } = parts
  await run({ name: realistic, sandbox: 'docker', image, github, packages, resources: [repository] })
  return [`${realistic}: ${about}`]
}
