import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { SessionEvent } from '../../src/wire/types.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { assertWhole } from './whole.ts'
import type { Yard } from './yard.ts'
import { until } from './yard.ts'

/** How long each point took from the kill to the first thing that only a successor can have done, milliseconds. */
export interface WorkerKill {
  readonly idle: number
  readonly model: number
  readonly command: number
}

const COMMAND = 'echo run >> ledger; while [ ! -e go ]; do sleep 0.05; done; echo finished'

/**
 * Kills the worker while one session is idle, one asks its model and one runs a command; then says something to each.
 * Rejects when anything acknowledged is lost or doubled, a command ran twice, or a request was not made again as it was.
 * With SIGTERM it is a deploy: the worker hands over instead of dying.
 */
export async function killWorker(
  yard: Yard,
  { endsAlone, signal }: { readonly endsAlone: boolean; readonly signal?: 'SIGTERM' },
): Promise<WorkerKill> {
  const [idle, model, command] = await Promise.all([yard.createSession(), yard.createSession(), yard.createSession()])
  const sent = { idle: [await yard.send(idle, '#program\nSAY first')], model: [] as string[], command: [] as string[] }
  // The first try of this very request says nothing more; the next one is answered.
  sent.model.push(await yard.send(model, `#program\nSTALL\nSAY answered ${model}`))
  sent.command.push(await yard.send(command, `#program\nTOOL bash ${JSON.stringify({ command: COMMAND })}\nSAY done`))
  const asked = (): readonly { readonly bytes: string; readonly at: number }[] =>
    yard.model.requests.filter(({ bytes }) => bytes.includes(`answered ${model}`))
  await until(async () => (await isIdle(yard, idle)) && asked().length === 1)
  await until(async () => (await yard.look(command, 'cat ledger 2>/dev/null')) === 'run\n')

  const killedAt = Date.now()
  const since = (): number => Date.now() - killedAt
  const { isBack } = await yard.kill('worker', signal)
  await Promise.all([
    yard.send(idle, '#program\nSAY second').then((id) => sent.idle.push(id)),
    yard.send(model, 'And then?').then((id) => sent.model.push(id)),
    yard.send(command, 'And then?').then((id) => sent.command.push(id)),
  ])
  if (endsAlone) await yard.look(command, 'touch go')
  await isBack
  if (!endsAlone) await yard.look(command, 'touch go')

  const took = { idle: 0, model: 0, command: 0 }
  await Promise.all([
    until(async () => (await agentTexts(yard, idle)).includes('second')).then(() => (took.idle = since())),
    until(async () => asked().length > 1).then(() => (took.model = (asked()[1]?.at ?? 0) - killedAt)),
    until(async () => (await agentTexts(yard, command)).includes('done')).then(() => (took.command = since())),
  ])
  for (const session of [idle, model, command]) await until(() => isIdle(yard, session))

  const [first, second] = asked()
  assert.equal(second?.bytes, first?.bytes, 'the request is made again as it was')
  assert.equal(await yard.look(command, 'cat ledger'), 'run\n', 'the command ran once')
  for (const [session, ids] of [
    [idle, sent.idle],
    [model, sent.model],
    [command, sent.command],
  ] as const) {
    await assertSound(yard, session, ids)
  }
  await assertUncharged(yard, model, (second?.at ?? 0) - (first?.at ?? 0))
  const results = (await yard.list(command)).filter(({ type }) => type === 'agent.tool_result')
  assert.equal(results.length, 1)
  assert.match(JSON.stringify(results[0]), /finished/)
  return took
}

/**
 * Running time is that of the try that came to an end: neither of the one that was lost, nor of the gap behind it.
 * @param lostMs from the first try of a request to the second.
 */
async function assertUncharged(yard: Yard, session: string, lostMs: number): Promise<void> {
  const events = await yard.list(session)
  const times = (type: SessionEvent['type']): readonly number[] =>
    events.filter((event) => event.type === type).map((event) => Date.parse(event.processed_at ?? ''))
  const whole = (times('session.status_idle').at(-1) ?? 0) - (times('session.status_running')[0] ?? 0)
  const { usage } = await yard.client.beta.sessions.retrieve(session)
  const active = (usage.active_seconds ?? 0) * 1000
  assert.ok(active > 0, 'the second try is counted')
  // By half of it: each try takes a moment before its request is seen, the second one another than the first.
  assert.ok(active <= whole - lostMs / 2, `${active} ms are counted of ${whole}, of which ${lostMs} were lost`)
}

/** What the death of an api process did to those who were sending. */
export interface ApiKill {
  /** Milliseconds from the kill to the next acknowledgement. */
  readonly refusedFor: number
  readonly acknowledged: number
}

const SENDERS = 3
const EACH = 8
const KILLED_AFTER = 6

/**
 * Kills the api while clients of several sessions post one message after the other, each again until it is taken.
 * Rejects when a message that was acknowledged is not in the list exactly once, in the order of sending.
 */
export async function killApi(yard: Yard, { afterMs }: { afterMs: number }): Promise<ApiKill> {
  const sessions = await Promise.all(Array.from({ length: SENDERS }, () => yard.createSession()))
  const acks: number[] = []
  const posting = Promise.all(
    sessions.map(async (session) => {
      const ids: string[] = []
      for (let number = 0; number < EACH; number++) {
        ids.push(await yard.send(session, `#program\nSAY message ${number}`))
        acks.push(Date.now())
      }
      return ids
    }),
  )
  await until(async () => acks.length >= KILLED_AFTER)
  // Not as synchronisation: another moment within a post each time.
  await delay(afterMs)
  const killedAt = Date.now()
  const { isBack } = await yard.kill('api')
  const ids = await posting
  await isBack
  for (const [index, session] of sessions.entries()) {
    await until(() => isIdle(yard, session))
    await assertSound(yard, session, ids[index] ?? [])
  }
  return { refusedFor: (acks.find((at) => at > killedAt) ?? Date.now()) - killedAt, acknowledged: acks.length }
}

/** Nothing that was acknowledged is lost, doubled or out of order, and the log is sound. */
async function assertSound(yard: Yard, session: string, ids: readonly string[]): Promise<void> {
  const events = await yard.list(session)
  assertWhole(events, [ids])
  assert.deepEqual(faultsOfLog(events, 'list'), [])
}

async function isIdle(yard: Yard, session: string): Promise<boolean> {
  return (await yard.client.beta.sessions.retrieve(session)).status === 'idle'
}

async function agentTexts(yard: Yard, session: string): Promise<readonly string[]> {
  return (await yard.list(session)).flatMap((event) =>
    event.type === 'agent.message' ? event.content.flatMap((block) => ('text' in block ? [block.text] : [])) : [],
  )
}

/** `0.9 / 1.2 / 3.0 s`: least, median and most. */
export function describeTimes(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): string => ((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) / 1000).toFixed(1)
  return `${at(0)} / ${at(0.5)} / ${at(1)} s`
}
