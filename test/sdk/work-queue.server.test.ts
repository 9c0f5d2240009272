import Anthropic, { ConflictError } from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import { bash, collect, message, program, refused } from './drive.ts'
import { clientOf, openPlace, soon, tokenOf } from './own-place.ts'
import { call } from './raw-http.ts'
import { useStack } from './use-stack.ts'

const use = useStack({ apis: 2 })

describe('the work queue', () => {
  test('has one item for each new session of a self-hosted environment', async () => {
    const { environment, create, invited } = await openPlace(use())
    const { id } = await create()
    const work = await invited()
    expect(work).toEqual({
      id: expect.stringMatching(/^work_01/),
      type: 'work',
      environment_id: environment,
      data: { type: 'session', id },
      state: 'queued',
      secret: null,
      metadata: {},
      created_at: expect.stringMatching(/^\d{4}-.*Z$/),
      acknowledged_at: null,
      started_at: null,
      latest_heartbeat_at: null,
      stop_requested_at: null,
      stopped_at: null,
    })
    const { work: queue } = use().stack.sdk.beta.environments
    expect(await queue.retrieve(work.id, { environment_id: environment })).toEqual(work)
    expect(await queue.stats(environment)).toEqual({
      type: 'work_queue_stats',
      depth: 1,
      pending: 0,
      oldest_queued_at: work.created_at,
      workers_polling: 0,
    })
  })

  test('answers JSON null, byte for byte, while nothing waits', async () => {
    const { environment, key, poll } = await openPlace(use())
    const answer = await call(use().stack.urls[0] ?? '', {
      path: `/v1/environments/${environment}/work/poll`,
      headers: { authorization: `Bearer ${key}` },
    })
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([
      200,
      'application/json; charset=utf-8',
      'null',
    ])
    expect(await poll()).toBeNull()
  })

  test('answers a poll that waits with what is queued in another process meanwhile', async () => {
    const { environment, other, create } = await openPlace(use())
    const polling = soon(() => other.beta.environments.work.poll(environment, { block_ms: 999 }))
    const { id } = await create()
    expect((await polling).data).toEqual({ type: 'session', id })
  })

  test('gives an item to one worker, and to another one what is not acknowledged in time', async () => {
    const { environment, create, worker, other, poll } = await openPlace(use())
    await create()
    const work = await soon(() => poll())
    expect(await poll(other)).toBeNull()
    const again = await soon(() => other.beta.environments.work.poll(environment, { reclaim_older_than_ms: 0 }))
    expect([again.id, tokenOf(again) === tokenOf(work)]).toEqual([work.id, false])
    const own = { environment_id: environment }
    const acked = await worker.beta.environments.work.ack(work.id, own)
    expect(acked).toEqual({ ...work, state: 'starting', secret: null, acknowledged_at: expect.any(String) })
    expect(await refused(other.beta.environments.work.ack(work.id, own))).toBeInstanceOf(ConflictError)
    expect(await other.beta.environments.work.poll(environment, { reclaim_older_than_ms: 0 })).toBeNull()
  })

  test('holds an item for whoever beats for it, until it is asked to stop', async () => {
    const { own, create, poll, worker, other } = await openPlace(use())
    await create()
    const { id, secret } = await soon(() => poll())
    await worker.beta.environments.work.ack(id, own)
    const holder = clientOf(use().stack.urls[1] ?? '', tokenOf({ secret })).beta.environments.work
    const first = await holder.heartbeat(id, { ...own, expected_last_heartbeat: 'NO_HEARTBEAT' })
    expect(first).toEqual({
      type: 'work_heartbeat',
      last_heartbeat: expect.any(String),
      lease_extended: true,
      state: 'active',
      ttl_seconds: 90,
    })
    const second = await holder.heartbeat(id, { ...own, expected_last_heartbeat: first.last_heartbeat })
    expect(second.last_heartbeat > first.last_heartbeat).toBe(true)
    for (const expected of ['NO_HEARTBEAT', first.last_heartbeat]) {
      const late = other.beta.environments.work.heartbeat(id, { ...own, expected_last_heartbeat: expected })
      const error = await refused(late)
      expect(error).toBeInstanceOf(Anthropic.Beta.Environments.Work.BetaHeartbeatPreconditionFailedError)
      expect(error).toMatchObject({
        status: 412,
        errorCode: 'heartbeat_precondition_failed',
        details: {
          current_state: {
            last_heartbeat: second.last_heartbeat,
            lease_extended: false,
            state: 'active',
            ttl_seconds: 90,
          },
        },
      })
    }
    const operator = use().stack.sdk.beta.environments.work
    const stopping = await operator.stop(id, own)
    expect(stopping).toMatchObject({ state: 'stopping', stop_requested_at: expect.any(String), stopped_at: null })
    const told = await holder.heartbeat(id, { ...own, expected_last_heartbeat: 'whatever' })
    expect(told).toMatchObject({ state: 'stopping' })
    expect(await holder.stop(id, { ...own, force: true })).toMatchObject({
      state: 'stopped',
      stopped_at: expect.any(String),
    })
    expect(await refused(holder.stop(id, { ...own, force: true }))).toBeInstanceOf(ConflictError)
  })

  test('answers a heartbeat that is sent again because its answer was lost as it answered the first', async () => {
    const { environment, own, create, poll, worker } = await openPlace(use())
    await create()
    const { id, secret } = await soon(() => poll())
    await worker.beta.environments.work.ack(id, own)
    const send = (retry: number) =>
      call(use().stack.urls[0] ?? '', {
        method: 'POST',
        path: `/v1/environments/${environment}/work/${id}/heartbeat?expected_last_heartbeat=NO_HEARTBEAT`,
        headers: { authorization: `Bearer ${tokenOf({ secret })}`, 'x-stainless-retry-count': String(retry) },
      })
    const [first, again, fresh] = [await send(0), await send(1), await send(0)]
    expect([first.status, again.status, fresh.status]).toEqual([200, 200, 412])
    expect(JSON.parse(again.text)).toEqual(JSON.parse(first.text))
  })

  test('lists the items of its environment over as many pages as it takes', async () => {
    const { environment, create, worker } = await openPlace(use())
    const sessions = []
    for (let n = 0; n < 3; n++) sessions.unshift((await create()).id)
    const list = () => collect(worker.beta.environments.work.list(environment, { limit: 2 }))
    await expect.poll(async () => (await list()).length).toBe(3)
    const items = await list()
    expect(new Set(items.map(({ data }) => data.id))).toEqual(new Set(sessions))
    expect(items.map(({ created_at }) => created_at)).toEqual(
      items.map(({ created_at }) => created_at).toSorted((a, b) => b.localeCompare(a)),
    )
  })

  test('counts the workers that poll by their names', async () => {
    const { environment, worker } = await openPlace(use())
    const { work } = worker.beta.environments
    for (const name of ['one', 'two', 'one']) await work.poll(environment, { 'Anthropic-Worker-ID': name })
    await work.poll(environment)
    expect(await work.stats(environment)).toMatchObject({ workers_polling: 2 })
  })

  test('patches the metadata of an item', async () => {
    const { own, create, invited } = await openPlace(use())
    await create()
    const { id } = await invited()
    const { work } = use().stack.sdk.beta.environments
    await work.update(id, { ...own, metadata: { a: '1', b: '2' } })
    expect(await work.update(id, { ...own, metadata: { a: null, c: '3' } })).toMatchObject({
      id,
      metadata: { b: '2', c: '3' },
    })
    const bad = work.update(id, { ...own, metadata: { ['k'.repeat(65)]: 'v' } })
    expect(await refused(bad)).toMatchObject({ status: 400, errorCode: 'invalid_metadata' })
  })

  test('has a new item once a message comes for a session whose item is stopped', async () => {
    const { environment, own, create, invited } = await openPlace(use())
    const { id: session } = await create()
    const first = await invited()
    const { beta } = use().stack.sdk
    await beta.environments.work.stop(first.id, { ...own, force: true })
    await beta.sessions.events.send(session, { events: [message('hello')] })
    const list = async () => (await beta.environments.work.list(environment)).data
    await expect.poll(async () => (await list()).length).toBe(2)
    expect(await list()).toMatchObject([
      { state: 'queued', data: { id: session } },
      { id: first.id, state: 'stopped' },
    ])
  })

  test('waits with a session for a worker, and has a new item once it is interrupted after its last one failed', async () => {
    const { environment, own, create, invited } = await openPlace(use())
    const { beta } = use().stack.sdk
    const { id: session } = await create()
    const first = await invited()
    await beta.sessions.events.send(session, { events: [program(bash('uptime'), 'SAY done')] })
    const stopOf = async () => {
      const { data } = await beta.sessions.events.list(session, { order: 'desc', types: ['session.status_idle'] })
      return data[0]?.type === 'session.status_idle' ? data[0].stop_reason.type : null
    }
    await expect.poll(stopOf).toBe('requires_action')
    expect(await beta.environments.work.retrieve(first.id, own)).toEqual(first)
    await beta.environments.work.stop(first.id, { ...own, force: true })
    await beta.sessions.events.send(session, { events: [{ type: 'user.interrupt' }] })
    const list = async () => (await beta.environments.work.list(environment)).data
    await expect.poll(async () => (await list()).map(({ state }) => state)).toEqual(['queued', 'stopped'])
    expect((await beta.sessions.retrieve(session)).status).toBe('idle')
  })

  test('goes on in an archived environment', async () => {
    const { environment, own, create, poll } = await openPlace(use())
    const { id: session } = await create()
    await use().stack.sdk.beta.environments.archive(environment)
    expect(await refused(create())).toMatchObject({ status: 400 })
    const work = await soon(() => poll())
    expect(work.data.id).toBe(session)
    const { beta } = clientOf(use().stack.urls[0] ?? '', tokenOf(work))
    expect((await beta.environments.work.ack(work.id, own)).state).toBe('starting')
    expect((await beta.sessions.retrieve(session)).id).toBe(session)
  })

  test('stops the items of a session that is archived or deleted', async () => {
    const { environment, create, invited, poll } = await openPlace(use())
    const { beta } = use().stack.sdk
    const { id: session } = await create()
    const { id } = await invited()
    await beta.sessions.archive(session)
    expect(await beta.environments.work.retrieve(id, { environment_id: environment })).toMatchObject({
      state: 'stopped',
    })
    const { id: deleted } = await create()
    const depth = async () => (await beta.environments.work.stats(environment)).depth
    await expect.poll(depth).toBe(1)
    await beta.sessions.delete(deleted)
    expect(await poll()).toBeNull()
  })
})
