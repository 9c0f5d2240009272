import assert from 'node:assert/strict'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { SessionEvent } from '../../src/wire/types.ts'
import type { Random } from '../support/fuzz-random.ts'
import { createRandom } from '../support/fuzz-random.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { startKiller } from './killer.ts'
import type { Point, SandboxKind } from './points.ts'
import { LEDGER, POINTS, pointsOf } from './points.ts'
import type { Yard } from './yard.ts'

export interface ExecutionsOptions {
  readonly kind: SandboxKind
  /** Sessions and calls go on until there were as many of both. */
  readonly kills: number
  readonly calls: number
  readonly seed: number
  /** Is told how far it is, now and then. */
  readonly tell?: (words: string) => void
}

/** A call as it was asked for, as it was told, and as often as it ran. */
interface Executed {
  readonly word: string
  readonly told: 'success' | 'unknown' | 'given up' | 'silent'
  readonly text: string
  readonly runs: number
}

export interface Executions {
  readonly calls: number
  readonly kills: ReadonlyMap<Point, number>
  /** Calls that ran more than once; that are told as a success and did not run; whose failure is not told. */
  readonly faults: {
    readonly twice: readonly Executed[]
    readonly unrun: readonly Executed[]
    readonly silent: readonly Executed[]
  }
  readonly told: Readonly<Record<Executed['told'], number>>
  /** Commands that a second try joined. */
  readonly joined: number
  /** Results that tell of a new sandbox. */
  readonly receipts: number
}

/** Sessions that are served at the same time. */
const AT_ONCE = 6
const STEPS = 3
const PARALLEL = 3
const LOOK_MS = 300
/** So many kills before the first call has ended, and then one for so many calls. */
const AHEAD = 6
const CALLS_A_KILL = 4
/** Sessions that are done and not deleted yet: what might still run for them would be seen. */
const LINGERING = 8

/**
 * Lets sessions call commands, several at once, while the workers of the hands, sandboxes and resident shells are killed
 * at one point of a call's way after the other. A command leaves its word in a ledger that outlives its sandbox, takes
 * its time, and says that it ran. Rejects when a log is not sound.
 */
export async function runExecutions(yard: Yard, options: ExecutionsOptions): Promise<Executions> {
  const { kind, kills, calls, seed, tell: say } = options
  const random = createRandom(seed)
  const ledgers = join(yard.data, 'ledgers')
  await mkdir(ledgers)
  await using killer = await startKiller(yard, {
    points: pointsOf(kind),
    kind,
    ledgers,
    random,
    tell: (point, count) => say?.(`${count} kills, ${results.size} calls: ${POINTS[point]}`),
  })
  const results = new Map<string, Result>()
  const done: string[] = []
  const isEverywhere = () => pointsOf(kind).every((point) => killer.kills.has(point))
  const isEnough = () => killer.count() >= kills && results.size >= calls && isEverywhere()
  async function serve(): Promise<void> {
    while (!isEnough()) {
      const session = await yard.createSession()
      const words = await askFor(yard, session, random)
      for (const result of await resultsOf(yard, session, words)) results.set(result.word, result)
      done.push(session)
      if (done.length > LINGERING) await yard.client.beta.sessions.delete(done.shift() ?? '')
    }
  }
  const isTime = () => killer.count() < AHEAD + results.size / CALLS_A_KILL
  const killing = killer.run({ isEnough, isTime })
  await Promise.all([killing, ...Array.from({ length: AT_ONCE }, serve)])
  await killer[Symbol.asyncDispose]()

  const runs = await readLedgers(ledgers)
  const executed = [...results.values()].map((result) => ({ ...result, runs: runs.get(result.word) ?? 0 }))
  const tell = (told: Executed['told']) => executed.filter((call) => call.told === told)
  return {
    calls: executed.length,
    kills: killer.kills,
    faults: {
      twice: executed.filter((call) => call.runs > 1),
      unrun: tell('success').filter((call) => call.runs === 0),
      silent: tell('silent'),
    },
    told: {
      success: tell('success').length,
      unknown: tell('unknown').length,
      'given up': tell('given up').length,
      silent: tell('silent').length,
    },
    joined: killer.joined(),
    receipts: executed.filter(({ text }) => text.startsWith('[This is a new sandbox')).length,
  }
}

let serial = 0

/** Answers the words of the session's calls, each of which is in one ledger or none, and in one result. */
async function askFor(yard: Yard, session: string, random: Random): Promise<readonly string[]> {
  const words = Array.from({ length: STEPS * PARALLEL }, () => `word${++serial}`)
  const lines = words.map((word, index) => {
    // Longer than a lost worker goes unnoticed, so that what is tried again finds it running; or shorter.
    const ms = random.below(4) === 0 ? 3_000 + random.below(1_500) : random.below(500)
    const command = `echo ${word} >> ${LEDGER}; sleep ${ms / 1000}; echo "ran ${word}"`
    const before = index % PARALLEL === 0 ? `PARALLEL ${PARALLEL}\n` : ''
    return `${before}TOOL bash ${JSON.stringify({ command })}`
  })
  await yard.send(session, ['#program', ...lines, 'SAY done'].join('\n'))
  return words
}

type Result = Omit<Executed, 'runs'>

async function resultsOf(yard: Yard, session: string, words: readonly string[]): Promise<readonly Result[]> {
  let events: readonly SessionEvent[] = []
  do {
    await delay(LOOK_MS)
    events = await yard.list(session)
  } while (events.at(-1)?.type !== 'session.status_idle')
  assert.deepEqual(faultsOfLog(events, 'list'), [], session)
  const uses = events.filter((event) => event.type === 'agent.tool_use')
  assert.equal(uses.length, words.length, `${session}: its calls`)
  return uses.map((use) => {
    const word = words.find((each) => JSON.stringify(use.input).includes(`echo ${each} `))
    assert.ok(word, `${session}: the word of ${use.id}`)
    const told = events.filter((event) => event.type === 'agent.tool_result' && event.tool_use_id === use.id)
    assert.equal(told.length, 1, `${session}: one result of ${use.id}`)
    return { word, ...readResult(told[0], word) }
  })
}

function readResult(event: SessionEvent | undefined, word: string): Omit<Result, 'word'> {
  assert.ok(event?.type === 'agent.tool_result')
  const text = (event.content ?? []).map((block) => ('text' in block ? block.text : '')).join('')
  if (event.is_error !== true) return { text, told: text.endsWith(`ran ${word}`) ? 'success' : 'silent' }
  if (/How far it came is unknown|Whether the call had an effect before that is unknown/.test(text)) {
    return { text, told: 'unknown' }
  }
  const isGivenUp = /^hands: .* Whether the call had an effect is unknown; it was not run again\.$/s.test(text)
  return { text, told: isGivenUp ? 'given up' : 'silent' }
}

/** How often each word stands in the ledgers of all sandboxes that there were. */
async function readLedgers(folder: string): Promise<ReadonlyMap<string, number>> {
  const runs = new Map<string, number>()
  for (const name of await readdir(folder)) {
    const lines = (await readFile(join(folder, name), 'utf8')).split('\n').slice(0, -1)
    for (const word of lines) runs.set(word, (runs.get(word) ?? 0) + 1)
  }
  return runs
}

/** Without these it would not have been put to the test. */
export function assertTried(
  { kills, told, calls, joined, receipts }: Executions,
  { kind }: { kind: SandboxKind },
): void {
  for (const point of pointsOf(kind)) assert.ok((kills.get(point) ?? 0) > 0, `a kill: ${POINTS[point]}`)
  assert.ok(told.success >= 0.8 * calls, `${told.success} of ${calls} calls succeed`)
  assert.ok(joined > 0, 'a command is joined')
  assert.ok(told.unknown > 0, 'an outcome is unknown')
  assert.ok(receipts > 0, 'a new sandbox is told of')
}

export function describeExecutions({ calls, kills, faults, told, joined, receipts }: Executions): string {
  const total = [...kills.values()].reduce((sum, count) => sum + count, 0)
  const points = [...kills].map(([point, count]) => `  ${count} × ${POINTS[point]}`)
  const unknown = told.unknown + told['given up']
  return [
    `executions: ${calls} calls, ${total} kills; more than one execution: ${faults.twice.length}/${calls}, success ` +
      `without execution: ${faults.unrun.length}/${told.success}, unknown told: ${unknown}/${unknown + told.silent}`,
    `  ${told.success} succeeded, ${told.unknown} unknown, ${told['given up']} given up after their tries; ` +
      `${joined} commands joined, ${receipts} receipts`,
    ...points,
  ].join('\n')
}
