import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findRunningPostgres } from '../../src/dev/running-postgres.ts'
import { openDatabase } from '../../src/store/postgres/database.ts'
import { createEnvironmentKeyStore } from '../../src/store/postgres/environment-keys.ts'
import type { SessionEvent } from '../../src/wire/types.ts'
import type { EnvironmentWorker } from '../sdk/environment-worker.ts'
import { makeWorkdir, startEnvironmentWorker } from '../sdk/environment-worker.ts'
import { newId } from '../store/builders.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { silentLog } from '../support/silent-log.ts'
import type { Yard } from './yard.ts'
import { until } from './yard.ts'

/** Who is killed while a call runs, in turn: the worker that runs it, or a process of the server. */
const VICTIMS = ['its worker', 'api', 'its worker', 'worker'] as const
/** Calls of each session. */
export const STEPS = 3

export interface ServedThroughKills {
  readonly sessions: number
  readonly calls: number
  /** Beyond one for each call. */
  readonly repeated: number
  readonly kills: Readonly<Record<(typeof VICTIMS)[number], number>>
}

interface Crowd {
  readonly node: string
  /** At a time. */
  readonly sessions: number
  readonly workers: number
  /** How many calls a process is killed in. */
  readonly kills: number
}

/**
 * Lets the SDK's own workers serve sessions of a self-hosted environment while they, the api and the worker of the server are
 * killed, each in the middle of a call; as many sessions as that takes, some at a time. Rejects when a call stays without a result, when one that ran to its end has
 * another result than its own, or when a log is not sound. A call whose worker dies runs again.
 */
export async function serveThroughKills(yard: Yard, crowd: Crowd): Promise<ServedThroughKills> {
  const { environment, key, agent } = await openEnvironment(yard)
  const workdir = await makeWorkdir()
  const ledger = join(workdir, 'ledger')
  const lines = async () => (await readFile(ledger, 'utf8').catch(() => '')).split('\n').slice(0, -1)
  const url = yard.client.baseURL
  const hired: EnvironmentWorker[] = []
  const hire = () =>
    void hired.push(startEnvironmentWorker(crowd.node, { url, environment, key, workdir, maxIdleMs: 500 }))
  for (let worker = 0; worker < crowd.workers; worker++) hire()

  const kills = { 'its worker': 0, api: 0, worker: 0 }
  const ids: string[] = []
  for (let kill = 0, seen = 0; kill < crowd.kills;) {
    const wave = await openSessions(yard, crowd.sessions, { agent, environment })
    ids.push(...wave)
    while (kill < crowd.kills) {
      const ran = await awaitCall(yard, wave, { lines, seen })
      if (ran.length === seen) break
      seen = ran.length
      const victim = VICTIMS[kill % VICTIMS.length] ?? 'api'
      if (victim !== 'its worker') await (await yard.kill(victim)).isBack
      else if (endWorker(hired, ran.at(-1) ?? '')) hire()
      else continue
      kills[victim] += 1
      kill++
    }
    for (const id of wave) {
      await until(() => isServed(yard, id))
      assertServed(id, await yard.list(id))
    }
  }

  const ran = await lines()
  for (const id of ids)
    for (const step of Array.from({ length: STEPS }).keys())
      assert.ok(hasRun(ran, id, step), `step ${step} of ${id} ran`)
  const calls = ids.length * STEPS
  return { sessions: ids.length, calls, repeated: ran.length - calls, kills }
}

async function openSessions(
  { client, send }: Yard,
  count: number,
  { agent, environment }: { readonly agent: string; readonly environment: string },
): Promise<readonly string[]> {
  const open = async (): Promise<string> => {
    const { id } = await client.beta.sessions.create({ agent, environment_id: environment })
    await send(id, ['#program', ...stepsOf(id), 'SAY done'].join('\n'))
    return id
  }
  return Promise.all(Array.from({ length: count }, open))
}

interface Ledger {
  /** What the calls have written until now. */
  readonly lines: () => Promise<readonly string[]>
  readonly seen: number
}

/** The ledger once a further call has begun; as it was when there is none to come. */
async function awaitCall(yard: Yard, wave: readonly string[], { lines, seen }: Ledger): Promise<readonly string[]> {
  let ran: readonly string[] = []
  await until(async () => {
    ran = await lines()
    if (ran.length > seen) return true
    if (!wave.every((id) => hasRun(ran, id, STEPS - 1))) return false
    return (await Promise.all(wave.map((id) => isServed(yard, id)))).every(Boolean)
  })
  return ran
}

function hasRun(lines: readonly string[], session: string, step: number): boolean {
  return lines.some((line) => line.startsWith(`${session} ${step} `))
}

async function isServed(yard: Yard, session: string): Promise<boolean> {
  return isDone(await yard.list(session))
}

/** Each leaves a line with the process that runs it, and takes a moment to be killed in. */
function stepsOf(session: string): readonly string[] {
  return Array.from({ length: STEPS }, (_, step) => {
    const command = `echo "${session} ${step} $PPID" >> ledger; sleep 0.5; echo "result ${step}"`
    return `TOOL bash ${JSON.stringify({ command })}`
  })
}

/** Kills the shell's parent, which is one of these workers. False when it was gone. */
function endWorker(hired: readonly EnvironmentWorker[], line: string): boolean {
  const worker = hired.find(({ pid }) => String(pid) === line.split(' ')[2])
  assert.ok(worker, `a worker in ${line}`)
  return worker.signal('SIGKILL')
}

function isDone(events: readonly SessionEvent[]): boolean {
  const last = events.findLast(({ type }) => type === 'session.status_idle')
  return last?.type === 'session.status_idle' && last.stop_reason.type === 'end_turn'
}

function assertServed(session: string, events: readonly SessionEvent[]): void {
  const calls = events.flatMap((event) => (event.type === 'agent.tool_use' ? [event.id] : []))
  assert.equal(calls.length, STEPS, `${session}: its calls`)
  for (const [step, call] of calls.entries()) {
    const results = events.flatMap((event) =>
      event.type === 'user.tool_result' && event.tool_use_id === call ? [JSON.stringify(event.content)] : [],
    )
    assert.equal(results.length, 1, `${session}: one result of step ${step}`)
    assert.ok(results[0]?.includes(`result ${step}`), `${session}: its own result of step ${step}, got ${results[0]}`)
  }
  assert.match(JSON.stringify(events.findLast(({ type }) => type === 'agent.message')), /done/)
  assert.deepEqual(faultsOfLog(events, 'list', { selfHosted: true }), [])
}

async function openEnvironment({ client: { beta }, data }: Yard) {
  const environment = await beta.environments.create({ name: newId('own'), config: { type: 'self_hosted' } })
  const tools = [{ type: 'agent_toolset_20260401' as const }]
  const agent = await beta.agents.create({ name: 'served', model: 'claude-opus-5-5', tools })
  const url = await findRunningPostgres(data)
  if (url === undefined) throw new Error('expected the yard to have a Postgres')
  const key = newId('lh_env')
  await using database = await openDatabase(url, silentLog)
  const made = { id: newId('key'), environmentId: environment.id, name: 'worker' }
  await createEnvironmentKeyStore(database).create(made, key)
  return { environment: environment.id, key, agent: agent.id }
}
