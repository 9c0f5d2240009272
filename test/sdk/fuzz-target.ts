import Anthropic, { toFile } from '@anthropic-ai/sdk'
import { expect } from 'vitest'
import { sql } from 'kysely'
import type { FuzzTarget } from '../support/fuzz.ts'
import type { Stored } from '../support/fuzz-ledger.ts'
import { itemsOf } from '../support/session-log-builders.ts'
import { createSession, message, turn } from './drive.ts'
import { letWait, look, write } from './settled-calls.ts'
import type { Prepared } from './use-stack.ts'

const OTHER_KEY = 'lh_fuzz_other'
const SENT = /^(?:user\.|system\.)/

/** A whole stack to fuzz, with another workspace beside its own, whose ids are among those that requests are made with. */
export async function createFuzzTarget(prepared: Prepared): Promise<FuzzTarget> {
  const { stack } = prepared
  const [url = ''] = stack.urls
  await stack.stores.keys.createWorkspace('other', 'other')
  await stack.stores.keys.ensure({ id: 'key_other', name: 'other', workspaceId: 'other' }, OTHER_KEY)
  const { beta: theirs } = new Anthropic({ baseURL: url, apiKey: OTHER_KEY })
  const foreignAgent = await theirs.agents.create({ name: 'theirs', model: 'claude-opus-5-5' })
  const foreignEnvironment = await theirs.environments.create({ name: 'theirs' })
  const foreign = await theirs.sessions.create({ agent: foreignAgent.id, environment_id: foreignEnvironment.id })
  const archived = await createSession(prepared)
  await stack.sdk.beta.sessions.archive(archived)
  const deleted = await createSession(prepared)
  await stack.sdk.beta.sessions.delete(deleted)
  const others = [
    foreignAgent.id,
    foreignEnvironment.id,
    foreign.id,
    archived,
    deleted,
    'sesn_01missing',
    'agent_01missing',
  ]

  /** Sessions of earlier batches: no request knows them any more. */
  let left = new Set<string>()

  async function listSessions(): Promise<string[]> {
    const { rows } = await sql<{ id: string }>`select id from sessions where status <> 'creating'`.execute(
      stack.database,
    )
    return rows.map(({ id }) => id)
  }

  return {
    url,
    key: stack.apiKey,
    secrets: [OTHER_KEY, stack.model.apiKey, stack.model.url],
    async prepare() {
      const { sdk } = stack
      left = new Set((await listSessions()).filter((id) => !others.includes(id)))
      const { agent, environment } = await stack.prepare()
      const parts = { ...prepared, agent, environment }
      const session = await createSession(parts)
      await turn(sdk, session, message('hello'))
      const waiting = [await letWait(parts, write('w'), look('one')), await letWait(parts, look('two'))]
      const pages = await Promise.all([
        sdk.beta.sessions.events.list(session, { limit: 1 }),
        sdk.beta.sessions.list({ limit: 1 }),
        sdk.beta.agents.list({ limit: 1 }),
        sdk.beta.environments.list({ limit: 1 }),
      ])
      return {
        agent: [agent],
        environment: [environment],
        session: [session, await createSession(parts), ...waiting.map((each) => each.session)],
        call: waiting.flatMap(({ calls }) => calls),
        model: ['claude-opus-5-5'],
        file: [(await sdk.beta.files.upload({ file: await toFile(Buffer.from('of the fuzz'), 'a.txt') })).id],
        page: pages.map(({ next_page: page }) => page ?? ''),
        others,
      }
    },
    async stored(): Promise<Stored> {
      const { rows } = await sql<{ id: string }>`
        select id from agents union all select id from environments union all select id from sessions
      `.execute(stack.database)
      const sessions = (await listSessions()).filter((id) => !left.has(id))
      const logs = new Map<string, { sent: Set<string>; length: number }>()
      for (const id of sessions) {
        const view = await stack.log.read(id)
        const shown = itemsOf(view).flatMap((item) => (item.shown ? [item.shown] : []))
        const sent = new Set(shown.filter(({ type }) => SENT.test(type)).map((event) => event.id))
        logs.set(id, { sent, length: shown.length })
      }
      return { ids: new Set(rows.map(({ id }) => id)), logs }
    },
    // What was accepted may start turns; they end by themselves, because the demo model answers everything.
    async settled() {
      const busy = sql<{
        n: string
      }>`select count(*) as n from sessions where status in ('creating', 'running', 'rescheduling')`
      await expect
        .poll(async () => (await busy.execute(stack.database)).rows[0]?.n, { timeout: 30_000, interval: 100 })
        .toBe('0')
    },
  }
}
