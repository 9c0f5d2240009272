import assert from 'node:assert/strict'
import type { SessionEvent, UserEvent } from '../../src/wire/types.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { assertWhole } from './whole.ts'
import type { Yard } from './yard.ts'
import { until } from './yard.ts'

/** What became of calls that waited for a client while processes were killed. */
export interface Waited {
  readonly allowed: number
  readonly denied: number
  readonly unanswered: number
  /** Commands that ran: the allowed ones of sessions whose every call was answered. */
  readonly ran: number
}

type Verdict = 'allow' | 'deny' | 'none'
const CALLS = 8

/** A session that waits, and what its client is going to say to each call. */
interface Waiting {
  readonly id: string
  readonly sent: string
  readonly calls: readonly { readonly id: string; readonly verdict: Verdict }[]
}

/**
 * Lets sessions wait for confirmations, kills worker and api, and gives the answers while one of them is gone: some
 * before the worker is back, some while the api is. Rejects when a command ran that nobody allowed, or ran twice, or
 * when a session that was answered does not go on and one that was not does.
 * @param seed of who allows, denies and stays silent.
 */
export async function waitThroughKills(yard: Yard, sessions: number, seed: number): Promise<Waited> {
  const create = await createCautious(yard)
  const verdictOf = draw(seed)
  const waiting = await Promise.all(
    Array.from({ length: sessions }, async (_, index) => begin(yard, await create(), index % 3 === 0, verdictOf)),
  )
  const [first, second] = [(at: number) => at < CALLS / 2, (at: number) => at >= CALLS / 2]
  const worker = await yard.kill('worker')
  for (const session of waiting) await answer(yard, session, first)
  await worker.isBack
  const api = await yard.kill('api')
  for (const session of waiting) await answer(yard, session, second)
  await api.isBack
  await (
    await yard.kill('worker')
  ).isBack

  const counts = { allowed: 0, denied: 0, unanswered: 0, ran: 0 }
  for (const { id, sent, calls } of waiting) {
    const left = calls.filter(({ verdict }) => verdict === 'none')
    await until(async () => {
      const stop = (await yard.list(id)).findLast((event) => event.type === 'session.status_idle')?.stop_reason
      const isLeft = stop?.type === 'requires_action' && stop.event_ids.length === left.length
      return left.length === 0 ? stop?.type === 'end_turn' : isLeft
    })
    const events = await yard.list(id)
    assertWhole(events, [[sent]])
    assert.deepEqual(faultsOfLog(events, 'list'), [])
    const ledger = (await yard.look(id, 'cat ledger 2>/dev/null; true')) ?? ''
    const ran = ledger.split('\n').filter((line) => line !== '')
    const wanted = left.length > 0 ? [] : calls.flatMap(({ verdict }, at) => (verdict === 'allow' ? [`run ${at}`] : []))
    assert.deepEqual(ran.toSorted(), wanted, 'what was allowed ran, once, and nothing else')
    assert.equal(left.length > 0, stopOf(events) === 'requires_action')
    counts.allowed += calls.filter(({ verdict }) => verdict === 'allow').length
    counts.denied += calls.filter(({ verdict }) => verdict === 'deny').length
    counts.unanswered += left.length
    counts.ran += ran.length
  }
  return counts
}

/** Makes sessions of an agent that asks before every command. */
export async function createCautious({ client: { beta } }: Yard): Promise<() => Promise<string>> {
  const agent = await beta.agents.create({
    name: 'cautious',
    model: 'claude-opus-5-5',
    tools: [{ type: 'agent_toolset_20260401', default_config: { permission_policy: { type: 'always_ask' } } }],
  })
  const environment = await beta.environments.create({ name: `waiting ${agent.id}` })
  return async () => (await beta.sessions.create({ agent: agent.id, environment_id: environment.id })).id
}

async function begin(yard: Yard, id: string, isSilent: boolean, verdictOf: () => Verdict): Promise<Waiting> {
  const commands = Array.from({ length: CALLS }, (_, at) => `echo run ${at} >> ledger; sleep 0.2`)
  const lines = commands.map((command) => `TOOL bash ${JSON.stringify({ command })}`)
  const sent = await yard.send(id, ['#program', `PARALLEL ${CALLS}`, ...lines, 'SAY done'].join('\n'))
  await until(async () => stopOf(await yard.list(id)) === 'requires_action')
  const uses = (await yard.list(id)).filter(({ type }) => type === 'agent.tool_use')
  const calls = uses.map((use) => {
    const verdict = verdictOf()
    return { id: use.id, verdict: verdict === 'none' && !isSilent ? ('deny' as const) : verdict }
  })
  return { id, sent, calls }
}

/** Answers those of the calls that are chosen and that have an answer, one request each, again until it is taken. */
async function answer({ client }: Yard, { id, calls }: Waiting, isChosen: (at: number) => boolean): Promise<void> {
  for (const [at, call] of calls.entries()) {
    const { verdict } = call
    if (!isChosen(at) || verdict === 'none') continue
    const event: UserEvent = { type: 'user.tool_confirmation', tool_use_id: call.id, result: verdict }
    await client.beta.sessions.events.send(id, { events: [event] })
  }
}

/** Why the session was idle the last time. */
export function stopOf(events: readonly SessionEvent[]): string | undefined {
  return events.findLast((event) => event.type === 'session.status_idle')?.stop_reason.type
}

/** The same verdicts for the same seed. */
function draw(seed: number): () => Verdict {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    const share = state / 2 ** 31
    if (share < 0.4) return 'allow'
    return share < 0.7 ? 'deny' : 'none'
  }
}
