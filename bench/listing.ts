import type Anthropic from '@anthropic-ai/sdk'
import { createLog } from '../src/log.ts'
import { openDatabase } from '../src/store/postgres/database.ts'
import { createStores } from '../src/store/postgres/stores.ts'
import { fillRuns } from './listing/fill.ts'
import { watchGrowth } from './listing/peak.ts'
import type { Order, Walk } from './listing/walk.ts'
import { pageSize, walkEvents, walkRows } from './listing/walk.ts'
import type { MemoryProbe } from './streams/memory.ts'
import { createMemoryProbe } from './streams/memory.ts'
import { createBenchmark } from './support/benchmark.ts'
import { prepare } from './support/conversation.ts'
import { LongSession } from './support/long-session.ts'
import { startBenchModel } from './support/model.ts'
import { connectPostgres, findDatabase } from './support/postgres.ts'
import type { Postgres } from './support/postgres.ts'
import type { Series } from './support/result.ts'
import type { Service } from './support/service.ts'
import { startService } from './support/service.ts'
import { median } from './support/statistics.ts'

const events = 100_000
const eventsOfRun = 1_000
const length = 200
/** Pages at either end of a walk whose median stands for that end. */
const endPages = 5

/** Whether a long log is read at the speed of a short one. */
export const benchmark = createBenchmark({
  name: 'listing',
  title: 'A list of 100,000 events',
  question: 'How fast are the events of a very long session listed, and does a page cost more the deeper it lies?',
  method: `A session of ${events / eventsOfRun} archived runs and a live one, with ${length} characters of text each way in a turn. Its
turns are real, but with runs of 20 history events; then each archived run is filled to ${eventsOfRun.toLocaleString('en')} events, as many as an
ordinary one has, with copies of its own under ids of their own, through the archive's port. The official client walks all
pages of ${pageSize.toLocaleString('en')}, in either order, one request after the other; a sample is one walk. *Last over first* compares the medians of
the ${endPages} full pages at the walk's two ends. *Around* is one page of ${pageSize.toLocaleString('en')} around the event in the middle, beside the
first page of the list, in pairs.

*Memory* is the api process: the most that it held during a walk (\`VmRSS\`, every 20 ms) over what it held before, with its
garbage collected. Those walks come first and warm the process up, so the first of them has what it only needs once. *Raw rows* are the same pages of the
archive's table by \`pg\` from the process that measures, without the live run.`,
  limits: `Client, api and Postgres share the cores: walks of several clients would share them too. All rows are in the database's
memory. A filter by type or time is not measured here.`,
  async measure({ count, say }) {
    await using probe = await createMemoryProbe()
    await using model = await startBenchModel()
    await using service = await startService({ modelUrl: model.url, env: { ...probe.env, LONGHAND_RUN_EVENTS: '20' } })
    await using postgres = await connectPostgres(service)
    const directive = { length, whole: true }
    const prepared = await prepare(service.sdk)
    await using session = await LongSession.open({ service, model, prepared, directive })
    const wanted = { runs: count(events / eventsOfRun, 12), events: eventsOfRun }
    say(`a session of ${wanted.runs} runs`)
    const ids = { sdk: service.sdk, session: session.id }
    await makeLong(service, session, wanted)
    // The planner's figures come with time, which nobody waits for here.
    await postgres.query('analyze archived_items')
    say('memory')
    const memory = await measureMemory({ service, probe, session: session.id }, count(5, 1))
    say('walks')
    const walks = await walkAll({ ...ids, postgres }, count(9, 1))
    say('around')
    const around = await readAround(ids, count(40, 3))
    const listed = walks.asc[0]?.events.toLocaleString('en') ?? '0'
    return {
      flags: service.flags,
      notes: [`A walk listed ${listed} events.`],
      series: [
        ...toSeries('asc', walks),
        ...toSeries('desc', walks),
        { label: 'around the middle', unit: 'ms', samples: around.middle, baseline: 'first page', paired: true },
        { label: 'first page', unit: 'ms', samples: around.first },
        { label: 'memory during a walk', unit: 'MiB', samples: memory, aims: [{ of: 'p99', atMost: 64 }] },
      ],
    }
  },
})

/** Goes on until so many runs are in the archive, and fills them. */
async function makeLong(
  service: Service,
  session: LongSession,
  wanted: { readonly runs: number; readonly events: number },
): Promise<void> {
  await using database = await openDatabase(await findDatabase(service), createLog('bench'))
  const { archive } = createStores(database)
  const isArchived = async (): Promise<boolean> => ((await archive.newest(session.id))?.run ?? 0) >= wanted.runs
  while (!(await isArchived())) await session.turn()
  await fillRuns(archive, session.id, wanted.events)
}

interface Watched {
  readonly service: Service
  readonly probe: MemoryProbe
  readonly session: string
}

/** MiB by which the api grows while it serves a walk, the first of which warms it up. */
async function measureMemory({ service, probe, session }: Watched, rounds: number): Promise<readonly number[]> {
  const grown: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const { api } = service.pids()
    // For the garbage that it collects first.
    await probe.read(api)
    grown.push((await watchGrowth(api, () => walkEvents(service.sdk, session, 'asc'))) / 2 ** 20)
  }
  return grown
}

interface Walked {
  readonly sdk: Anthropic
  readonly session: string
  readonly postgres: Postgres
}

interface Walks extends Readonly<Record<Order, readonly Walk[]>> {
  readonly raw: Readonly<Record<Order, readonly Walk[]>>
}

/** Both orders, and each beside the raw rows, in turns. */
async function walkAll({ sdk, session, postgres }: Walked, rounds: number): Promise<Walks> {
  const walks = { asc: [] as Walk[], desc: [] as Walk[], raw: { asc: [] as Walk[], desc: [] as Walk[] } }
  for (let round = 0; round < rounds; round += 1) {
    for (const order of ['asc', 'desc'] as const) {
      walks[order].push(await walkEvents(sdk, session, order))
      walks.raw[order].push(await walkRows(postgres, session, order))
    }
  }
  return walks
}

async function readAround(
  { sdk, session }: Pick<Walked, 'sdk' | 'session'>,
  rounds: number,
): Promise<{ readonly middle: readonly number[]; readonly first: readonly number[] }> {
  const ids: string[] = []
  for await (const event of sdk.beta.sessions.events.list(session, { limit: pageSize })) ids.push(event.id)
  const id = ids[Math.floor(ids.length / 2)] ?? ''
  // `around` is ours: the official client passes it on, in place of the parameters that it knows.
  const around = { query: { around: id, limit: pageSize } }
  const time = async (read: () => Promise<unknown>): Promise<number> => {
    const startedAt = performance.now()
    await read()
    return performance.now() - startedAt
  }
  const middle: number[] = []
  const first: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    middle.push(await time(async () => sdk.beta.sessions.events.list(session, {}, around)))
    first.push(await time(async () => sdk.beta.sessions.events.list(session, { limit: pageSize })))
  }
  return { middle, first }
}

function toSeries(order: Order, walks: Walks): readonly Series[] {
  const perSecond = (walked: readonly Walk[]): readonly number[] =>
    walked.map(({ events: all, ms }) => (all / ms) * 1000)
  const ends = walks[order].map(({ pages }) => median(pages.slice(-endPages)) / median(pages.slice(0, endPages)))
  return [
    {
      label: `all pages, ${order}`,
      unit: 'events/s',
      samples: perSecond(walks[order]),
      baseline: `raw rows, ${order}`,
      paired: true,
      aims: [{ of: 'p50', atLeast: 20_000 }],
    },
    { label: `raw rows, ${order}`, unit: 'events/s', samples: perSecond(walks.raw[order]) },
    { label: `a page of 1,000, ${order}`, unit: 'ms', samples: walks[order].flatMap(({ pages }) => pages) },
    { label: `last over first page, ${order}`, unit: 'count', samples: ends, aims: [{ of: 'p50', atMost: 1.2 }] },
  ]
}
