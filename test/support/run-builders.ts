import fc from 'fast-check'
import type { LogArchive } from '../../src/history/archive.ts'
import type { ArchiveWriter } from '../../src/history/archive.ts'
import { copyRun } from '../../src/history/copy.ts'
import type { HistoryItem } from '../../src/history/item.ts'
import type { LogItem } from '../../src/history/project.ts'
import { RunLog } from '../../src/history/run-log.ts'
import type { Carried, EarlierRun } from '../../src/session/carry.ts'
import { carry } from '../../src/session/carry.ts'
import type { FakeSource, ItemBody } from './history-builders.ts'
import {
  NOON,
  SESSION,
  cancelRequested,
  completed,
  continued,
  createFakeSource,
  decided,
  lost,
  reset,
  scheduled,
  signaled,
  started,
  takenOver,
} from './history-builders.ts'
import { answerEntries, confirm, emptyState, message } from './session-builders.ts'

/** What stands together in one run; one that refers to its own events is made from the id of the first. */
export type Atom = ItemBody | ((event: number) => readonly ItemBody[])

export interface Cutting {
  /** Numbers of runs that the workflow knows to be in the archive. */
  readonly archived?: readonly number[]
  /** The server's time of the n-th item, milliseconds since the epoch; a second between two if not given. */
  readonly timeOf?: (n: number) => number
  readonly input?: unknown
}

export const runId = (run: number): string => `run-${run}`

export function carriedOver(change: Partial<Carried> = {}): Carried {
  const nothing = { run: 2, state: emptyState(), at: NOON, startedAt: NOON, unarchived: [], turnSince: null }
  return { ...nothing, ...change }
}

/** The histories of a session's runs, each but the last handing over to the next as the workflow does. */
export function runsOf(
  chapters: readonly (readonly Atom[])[],
  { archived = [], timeOf = (n) => NOON + n * 1000, input = {} }: Cutting = {},
): readonly (readonly HistoryItem[])[] {
  const runs: (readonly HistoryItem[])[] = []
  let count = 0
  let begin: ItemBody = started(input)
  for (const [index, atoms] of chapters.entries()) {
    const run = index + 1
    const isLast = run === chapters.length
    const bodies = [begin]
    for (const atom of atoms) bodies.push(...(typeof atom === 'function' ? atom(bodies.length + 1) : [atom]))
    if (!isLast) bodies.push(continued(runId(run + 1)))
    const items = bodies.map((body, place) => ({ eventId: place + 1, at: timeOf(count++), ...body }))
    runs.push(items)
    const unarchived = runs.flatMap((_, earlier) =>
      archived.includes(earlier + 1) ? [] : [{ run: earlier + 1, id: runId(earlier + 1) }],
    )
    if (!isLast) begin = takenOver(runId(run + 1), handOver(items, unarchived))
  }
  return runs
}

/** What a run hands over, as the server keeps it. */
function handOver(items: readonly HistoryItem[], unarchived: readonly EarlierRun[]): Carried {
  const log = projectRun(items)
  const { startedAt, latest } = { startedAt: log.projection.startedAt, latest: Math.max(...items.map(({ at }) => at)) }
  const [first] = items
  const before =
    first?.type === 'started' && first.follows !== null ? (first.input as { carried: Carried }).carried.at : 0
  const at = Math.max(latest, before)
  const carried = { run: log.number + 1, state: carry(log.state), at, startedAt, unarchived, turnSince: null }
  return JSON.parse(JSON.stringify(carried))
}

export function projectRun(items: readonly HistoryItem[]): RunLog {
  const [first] = items
  const log = new RunLog(SESSION, first?.type === 'started' ? first.runId : '')
  for (const item of items) log.take(item)
  return log
}

/** The whole log of these runs as plain items. */
export function wholeLog(runs: readonly (readonly HistoryItem[])[]): readonly LogItem[] {
  return runs.flatMap((items) => projectRun(items).items)
}

/** Copies runs, by number, into the archive. */
export async function archiveRuns(
  archive: LogArchive & ArchiveWriter,
  runs: readonly (readonly HistoryItem[])[],
  numbers: readonly number[],
): Promise<void> {
  const source = createFakeSource()
  source.grow(...runs.flat())
  for (const number of numbers) {
    const { run, items } = await copyRun(source, SESSION, runId(number))
    await archive.write(SESSION, run, items)
  }
}

/** A server that holds these runs but those it has let go of. */
export function holdRuns(
  source: FakeSource,
  runs: readonly (readonly HistoryItem[])[],
  gone: readonly number[] = [],
): void {
  source.grow(...runs.flat())
  for (const run of gone) source.remove(runId(run))
}

const KINDS = [
  'message',
  'pair',
  'mark',
  'drop',
  'answer',
  'summary',
  'retry',
  'confirm',
  'lost',
  'cancelled',
  'plain',
] as const
type Kind = (typeof KINDS)[number]

/** A log that can be: only what waits takes effect. */
export function toAtoms(kinds: readonly Kind[]): readonly Atom[] {
  const queue: string[] = []
  return kinds.map((kind, index): Atom => {
    const id = `${kind}${index}`
    if (kind === 'message' || kind === 'pair') queue.push(id)
    const head = kind === 'mark' || kind === 'drop' ? queue.shift() : undefined
    if (head !== undefined)
      return decided({ type: 'log.mark', id: head, ...(kind === 'drop' ? { dropped: true } : {}) })
    return toAtom(kind, id)
  })
}

function toAtom(kind: Kind, id: string): Atom {
  switch (kind) {
    case 'message':
      return signaled(message(id))
    case 'pair':
      return signaled(message(id), confirm(`y-${id}`, 'call'))
    case 'confirm':
      return signaled(confirm(id, 'call'))
    case 'answer':
      return (event) => [scheduled(id), completed(event, ...answerEntries({ request: id, text: `said ${id}` }))]
    case 'summary':
      return (event) => [scheduled(id), completed(event, summary(id), { type: 'agent.thread_context_compacted', id })]
    case 'lost':
      return (event) => [scheduled(id), lost(event)]
    case 'cancelled':
      return (event) => [scheduled(id), cancelRequested(event), completed(event, ...answerEntries({ request: id }))]
    case 'retry':
      return decided({ type: 'log.retry', after_ms: 1 })
    default:
      return decided({ type: 'session.status_running', id })
  }
}

function summary(text: string): { readonly type: 'log.summary' } & Record<string, string> {
  return { type: 'log.summary', harness: 'h1', introduction: 'before', text }
}

/** A random log, cut into runs at random places. */
export const cutLogs: fc.Arbitrary<readonly (readonly Atom[])[]> = fc
  .tuple(
    fc.array(fc.constantFrom(...KINDS), { maxLength: 40, size: 'max' }),
    fc.array(fc.nat({ max: 40 }), { maxLength: 6, size: 'max' }),
  )
  .map(([kinds, places]) => {
    const atoms = toAtoms(kinds)
    const cuts = [0, ...places.toSorted((a, b) => a - b), atoms.length]
    return cuts.slice(1).map((end, index) => atoms.slice(cuts[index], end))
  })

/** The history that a reset makes: what stands up to event `upTo` of a run, and then what is the new run's own. */
export function resetRun(
  base: readonly HistoryItem[],
  { upTo, id, at, more }: { upTo: number; id: string; at: number; more: readonly Atom[] },
): readonly HistoryItem[] {
  const bodies: ItemBody[] = [reset(id)]
  for (const atom of more) bodies.push(...(typeof atom === 'function' ? atom(upTo + bodies.length + 1) : [atom]))
  const copied = base.filter(({ eventId }) => eventId <= upTo)
  return [...copied, ...bodies.map((body, index) => ({ eventId: upTo + 1 + index, at: at + index * 1000, ...body }))]
}
