import assert from 'node:assert/strict'
import type { SessionEvent } from '../../src/wire/types.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { createCautious, stopOf } from './waiting.ts'
import { assertWhole } from './whole.ts'
import type { Yard } from './yard.ts'
import { until } from './yard.ts'

/** Makes sessions that have come to rest in every way there is; answers their ids. */
export async function settleSessions(yard: Yard): Promise<readonly string[]> {
  const { beta } = yard.client
  const ids = await Promise.all(Array.from({ length: 6 }, () => yard.createSession()))
  const [, large = '', stopped = '', archived = '', , silent = ''] = ids
  const programs = ids.filter((id) => id !== silent).map((id) => [id, program('echo one', 'ls', 'echo two')] as const)
  for (const [id, text] of programs) await settle(yard, id, text)
  await settle(yard, large, `#program\nSAY ${'x'.repeat(100_000)}\nSAY short`)
  await yard.send(stopped, program('sleep 60'))
  await until(async () => (await yard.list(stopped)).some(({ type }) => type === 'agent.tool_use'))
  await beta.sessions.events.send(stopped, { events: [{ type: 'user.interrupt' }] })
  await until(async () => stopOf((await yard.list(stopped)).slice(-1)) === 'end_turn')
  await beta.sessions.archive(archived)
  return ids
}

/** A program of commands, one a step. */
function program(...commands: string[]): string {
  return ['#program', ...commands.map((command) => `TOOL bash ${JSON.stringify({ command })}`), 'SAY done'].join('\n')
}

async function settle(yard: Yard, id: string, text: string): Promise<void> {
  const before = (await yard.list(id)).length
  await yard.send(id, text)
  await until(async () => stopOf((await yard.list(id)).slice(before)) === 'end_turn')
}

/** A session that waits for a client to allow a command. */
export interface Waiter {
  readonly id: string
  readonly sent: string
  readonly call: string
}

export async function letWait(yard: Yard): Promise<Waiter> {
  const id = await (await createCautious(yard))()
  const sent = await yard.send(id, program('echo ran >> ledger'))
  await until(async () => stopOf(await yard.list(id)) === 'requires_action')
  const use = (await yard.list(id)).find(({ type }) => type === 'agent.tool_use')
  assert.ok(use)
  return { id, sent, call: use.id }
}

export async function allow({ client }: Pick<Yard, 'client'>, { id, call }: Waiter): Promise<void> {
  const events = [{ type: 'user.tool_confirmation', tool_use_id: call, result: 'allow' }] as const
  await client.beta.sessions.events.send(id, { events: [...events] })
}

/** Rejects unless the session goes on behind what it had said, and its command has run once. */
export async function assertAnswered(yard: Yard, waiter: Waiter, before: readonly SessionEvent[]): Promise<void> {
  const { id, sent, call } = waiter
  await until(async () => stopOf(await yard.list(id)) === 'end_turn')
  const events = await yard.list(id)
  assert.deepEqual(events.slice(0, before.length), before, 'nothing is lost')
  assertWhole(events, [[sent]])
  assert.deepEqual(faultsOfLog(events, 'list'), [])
  const verdicts = events.filter((event) => event.type === 'user.tool_confirmation' && event.tool_use_id === call)
  assert.equal(verdicts.length, 1, 'the answer is in the log once')
  assert.equal(await yard.look(id, 'cat ledger'), 'ran\n', 'the command ran once')
}

/** The list of a session's events as its bytes are, oldest first and newest first. */
export async function readBytes({ client: { baseURL, apiKey } }: Yard, id: string): Promise<readonly string[]> {
  return Promise.all(
    ['asc', 'desc'].map(async (order) => {
      const url = `${baseURL}/v1/sessions/${id}/events?limit=1000&order=${order}`
      const response = await fetch(url, { headers: { 'x-api-key': apiKey ?? '' } })
      assert.equal(response.status, 200)
      return response.text()
    }),
  )
}
