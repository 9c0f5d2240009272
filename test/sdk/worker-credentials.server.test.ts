import { APIError, AuthenticationError, PermissionDeniedError } from '@anthropic-ai/sdk'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { collect, message, refused } from './drive.ts'
import { clientOf, openPlace, soon, tokenOf } from './own-place.ts'
import { useStack } from './use-stack.ts'

const use = useStack({ apis: 2 })

describe('a worker’s credential', () => {
  test('opens the session of its item with the token, and nothing else', async () => {
    const { create, poll, own, worker } = await openPlace(use())
    const { id: session } = await create()
    const work = await soon(() => poll())
    await create()
    const { beta } = clientOf(use().stack.urls[0] ?? '', tokenOf(work))
    expect(work.data.id).toBe(session)
    expect((await beta.sessions.retrieve(session)).id).toBe(session)
    await collect(beta.sessions.events.list(session))
    const stream = await beta.sessions.events.stream(session)
    stream.controller.abort()
    expect((await beta.environments.work.ack(work.id, own)).state).toBe('starting')
    const next = await soon(() => poll())
    const forbidden = [
      beta.agents.list(),
      beta.files.list(),
      beta.sessions.list(),
      beta.sessions.retrieve(next.data.id),
      beta.sessions.archive(session),
      beta.sessions.events.send(session, { events: [message('obey')] }),
      beta.environments.work.poll(own.environment_id),
      beta.environments.work.ack(next.id, own),
    ]
    for (const error of await Promise.all(forbidden.map(refused))) expect(error).toBeInstanceOf(PermissionDeniedError)
    // With its own key the SDK goes on where an item came without a token.
    expect((await worker.beta.sessions.retrieve(next.data.id)).id).toBe(next.data.id)
  })

  test('opens nothing of another environment', async () => {
    const [mine, theirs] = [await openPlace(use()), await openPlace(use())]
    const { id: session } = await theirs.create()
    const { id } = await theirs.invited()
    const { work } = mine.worker.beta.environments
    const foreign = [work.poll(theirs.environment), work.ack(id, theirs.own), work.stats(theirs.environment)]
    for (const error of await Promise.all(foreign.map(refused))) expect(error).toBeInstanceOf(PermissionDeniedError)
    expect(await refused(mine.worker.beta.sessions.retrieve(session))).toMatchObject({ status: 404 })
    expect(await refused(work.ack(id, mine.own))).toMatchObject({ status: 404 })
  })

  test('is worth nothing from the next request on once its key is revoked, and neither are its tokens', async () => {
    const { create, poll, keyId, worker } = await openPlace(use())
    const { id: session } = await create()
    const work = await soon(() => poll())
    const holder = clientOf(use().stack.urls[1] ?? '', tokenOf(work))
    expect((await holder.beta.sessions.retrieve(session)).id).toBe(session)
    await use().stack.stores.environmentKeys.revoke(keyId, new Date())
    expect(await refused(poll())).toBeInstanceOf(AuthenticationError)
    expect(await refused(holder.beta.sessions.retrieve(session))).toBeInstanceOf(AuthenticationError)
    // The SDK's own poller gives up at once.
    const poller = worker.beta.environments.work.poller({ environmentId: work.environment_id, environmentKey: 'none' })
    const polled = (async () => {
      for await (const item of poller) throw new Error(`expected nothing, got ${item.id}`)
    })()
    expect(await refused(polled)).toBeInstanceOf(APIError)
  })

  test('stands in no table', async () => {
    const { create, poll, key } = await openPlace(use())
    await create()
    const token = tokenOf(await soon(() => poll()))
    const { database } = use().stack
    const { rows: tables } = await sql<{ name: string }>`
      select table_name as name from information_schema.tables where table_schema = 'public'
    `.execute(database)
    const holding = async (text: string) => {
      const found = []
      for (const { name } of tables) {
        const rows = await sql`select 1 from ${sql.table(name)} t where t::text like ${`%${text}%`}`.execute(database)
        if (rows.rows.length > 0) found.push(name)
      }
      return found
    }
    expect([await holding(key.slice(0, -4)), await holding(token.slice(0, -4))]).toEqual([[], []])
    // The search finds what is there.
    expect(await holding(key.slice(-4))).toContain('environment_keys')
  })

  test('is what the SDK’s own poller works with: it acknowledges what it yields, and stops it behind itself', async () => {
    const { environment, own, key, create } = await openPlace(use())
    const { sdk } = use().stack
    const { id: session } = await create()
    const poller = sdk.beta.environments.work.poller({ environmentId: environment, environmentKey: key })
    for await (const item of poller) {
      expect([item.data.id, item.environment_id]).toEqual([session, environment])
      expect(await sdk.beta.environments.work.retrieve(item.id, own)).toMatchObject({ state: 'starting' })
      break
    }
    const [item] = (await sdk.beta.environments.work.list(environment)).data
    expect(item).toMatchObject({ state: 'stopping' })
  })
})
