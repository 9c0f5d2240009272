import { awaitArchived, readArchiveSize } from './history-growth/archive-size.ts'
import type { RunSize } from './history-growth/sizes.ts'
import { readContent, readRuns } from './history-growth/sizes.ts'
import { PlainAgent, startPlainWorker } from './plain/plain-agent.ts'
import { createBenchmark } from './support/benchmark.ts'
import { prepare } from './support/conversation.ts'
import type { Directive } from './support/directive.ts'
import { instantWorker } from './support/instant.ts'
import { LongSession } from './support/long-session.ts'
import { startBenchModel } from './support/model.ts'
import type { Postgres } from './support/postgres.ts'
import { connectPostgres } from './support/postgres.ts'
import type { Series } from './support/result.ts'
import type { Service } from './support/service.ts'
import { startService } from './support/service.ts'
import { fitExponent } from './support/statistics.ts'

const length = 2_048

/** Whether a conversation's cost in storage grows faster than the conversation. */
export const benchmark = createBenchmark({
  name: 'history-growth',
  title: 'Growth of the log',
  question: `How much history, and how much of the database, has a session after 10 to 1,000 turns with 2 KiB of text each way,
beside an agent that passes its conversation to each model call?`,
  method: `A session's turns are all alike: ${length} characters from the user, ${length} from the model, and with *one tool call* a
\`bash true\` between them that returns at once. When it has had 10, 30, 100, 300 and 1,000 turns, Temporal's own count of events
and bytes (\`describe\`) is summed over all of its runs. *Archive* is what the archive's tables have grown by, indexes included,
once all closed runs are copied: the present run is not in it yet. *Content* is every text, input and result of the
conversation, in UTF-8. The *slope* is the exponent of bytes over turns, by least squares of the logarithms.

The *plain agent* is a workflow on the same Temporal server that keeps the conversation in a variable and gives all of it to
each call of its model activity, as a first version does; each turn is an update. The same texts, and activities that return
at once. It goes on until Temporal does not let it.`,
  limits: `One sample each: sizes do not vary. A turn that meets a worker's crash or a retry has more events. Long texts of a message,
an answer or a tool's output are in the history once, those of a call's input twice: in the answer and where its activity is
scheduled. Most of the rest is what Temporal writes with each event. What the rest of the database holds for a session, and
what Temporal's own needs for a history, is not counted.`,
  async measure({ quick, say }) {
    await using model = await startBenchModel()
    await using service = await startService({
      modelUrl: model.url,
      worker: instantWorker,
      // A smoke run has few turns, and rolls over all the same.
      env: quick ? { LONGHAND_RUN_EVENTS: '100' } : {},
    })
    await using _worker = await startPlainWorker(service.dev.state().temporal_address)
    await using postgres = await connectPostgres(service)
    const turns = quick ? [2, 5, 15] : [10, 30, 100, 300, 1_000]
    const prepared = await prepare(service.sdk)
    const series: Series[] = []
    const notes: string[] = []
    const open = (tools: number): Promise<LongSession> =>
      LongSession.open({ service, model, prepared, directive: { length, whole: true, tools } })
    // Both until the end: deleting the first would make room in the tables that the second one's rows would fill.
    await using text = await open(0)
    await using tool = await open(1)
    const kinds = [
      { name: 'text', session: text, tools: 0 },
      { name: 'one tool call', session: tool, tools: 1 },
    ]
    for (const { name, session, tools } of kinds) {
      say(`${name}, ${turns.at(-1)} turns`)
      const ours = await growSession({ service, postgres, session, turns })
      say(`${name}, the plain agent`)
      const plain = await growPlain(service, { length, tools }, turns)
      notes.push(`The plain agent, ${name}: ${plain.end}.`)
      series.push(...toSeries(name, ours, plain.sizes))
    }
    return { series, flags: service.flags, notes }
  },
})

interface Size {
  readonly turns: number
  readonly events: number
  readonly bytes: number
  readonly largest: RunSize
}

interface OurSize extends Size {
  readonly content: number
  readonly archive: number
}

interface Growing {
  readonly service: Service
  readonly postgres: Postgres
  readonly session: LongSession
  readonly turns: readonly number[]
}

async function growSession({ service, postgres, session, turns }: Growing): Promise<readonly OurSize[]> {
  const before = await readArchiveSize(postgres)
  const sizes: OurSize[] = []
  for (const turn of turns) {
    await session.reach(turn)
    const runs = await readRuns(service.connection, session.id)
    await awaitArchived(postgres, session.id, runs.length - 1)
    const archive = (await readArchiveSize(postgres)) - before
    sizes.push({ ...toSize(turn, runs), archive, content: await readContent(service.sdk, session.id) })
  }
  return sizes
}

interface Plain {
  readonly sizes: readonly Size[]
  /** A sentence without its full stop. */
  readonly end: string
}

/** As far as Temporal lets it. */
async function growPlain(
  { connection }: Service,
  directive: Omit<Directive, 'tag'>,
  turns: readonly number[],
): Promise<Plain> {
  await using agent = await PlainAgent.start(connection, directive)
  const sizes: Size[] = []
  for (const turn of turns) {
    const failure = await agent.reach(turn).catch((error: unknown) => error)
    const size = toSize(agent.turns, await readRuns(connection, agent.id))
    if (failure === undefined) sizes.push(size)
    else {
      const { events, bytes } = size
      const left = `left ${events} events and ${(bytes / 2 ** 20).toFixed(1)} MiB of history`
      return { sizes, end: `${await agent.explain(failure)}; it ${left}` }
    }
  }
  return { sizes, end: `got through ${agent.turns} turns` }
}

function toSize(turns: number, runs: readonly RunSize[]): Size {
  const sum = (of: keyof RunSize): number => runs.reduce((total, run) => total + run[of], 0)
  const largest = {
    events: Math.max(...runs.map((run) => run.events)),
    bytes: Math.max(...runs.map((run) => run.bytes)),
  }
  return { turns, events: sum('events'), bytes: sum('bytes'), largest }
}

function toSeries(name: string, ours: readonly OurSize[], plain: readonly Size[]): readonly Series[] {
  const label = ({ turns }: Size, what: string): string => `${name}, ${turns.toLocaleString('en')} turns: ${what}`
  const plainHistory = 'plain agent, history'
  const one = (text: string, unit: Series['unit'], sample: number): Series => ({ label: text, unit, samples: [sample] })
  const rows = ours.flatMap((size): Series[] => {
    const beside = plain.find(({ turns }) => turns === size.turns)
    return [
      one(label(size, 'history events'), 'events', size.events),
      {
        ...one(label(size, 'history'), 'KiB', size.bytes / 1024),
        ...(beside ? { baseline: label(beside, plainHistory) } : {}),
      },
      ...(beside ? [one(label(beside, plainHistory), 'KiB', beside.bytes / 1024)] : []),
      ...(size.archive > 0 ? [one(label(size, 'archive'), 'KiB', size.archive / 1024)] : []),
    ]
  })
  const slope = (sizes: readonly Size[]): number => fitExponent(sizes.map(({ turns, bytes }) => [turns, bytes]))
  const slopes = [`${name}: slope of history`, `${name}: slope of history, plain agent`] as const
  const last = ours.at(-1)
  return [
    ...rows,
    { ...one(slopes[0], 'count', slope(ours)), baseline: slopes[1], aims: [{ of: 'p50', atMost: 1.05 }] },
    one(slopes[1], 'count', slope(plain)),
    ...(last
      ? [
          {
            ...one(`${label(last, 'history')} over content`, 'count', last.bytes / last.content),
            aims: [{ of: 'p50', atMost: 3 }] as const,
          },
          one(label(last, 'events of the largest run'), 'events', last.largest.events),
          one(label(last, 'largest run'), 'KiB', last.largest.bytes / 1024),
        ]
      : []),
  ]
}
