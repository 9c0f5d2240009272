import { BadRequestError, NotFoundError } from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import { collect, refused } from './drive.ts'
import { useStack } from './use-stack.ts'

const use = useStack()

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

describe('a session', () => {
  test('is created idle with the agent as it is now, and keeps it', async () => {
    const { stack, environment } = use()
    const { agents, sessions } = stack.sdk.beta
    const agent = await agents.create({ name: 'pinned', model: 'claude-opus-5-5', system: 'one' })
    const session = await sessions.create({
      agent: agent.id,
      environment_id: environment,
      title: 'T',
      metadata: { k: 'v' },
    })
    expect(session).toMatchObject({
      type: 'session',
      status: 'idle',
      title: 'T',
      metadata: { k: 'v' },
      agent: { id: agent.id, type: 'agent', version: 1, name: 'pinned', system: 'one', tools: [] },
      environment_id: environment,
      resources: [],
      vault_ids: [],
      outcome_evaluations: [],
      budget: null,
      archived_at: null,
    })
    expect(session.id).toMatch(/^sesn_01/)
    await agents.update(agent.id, { system: 'two' })
    const read = await sessions.retrieve(session.id)
    expect(read).toMatchObject({
      id: session.id,
      agent: session.agent,
      created_at: session.created_at,
      usage: { output_tokens: 0 },
    })
    expect([read.created_at, read.updated_at]).toEqual([expect.stringMatching(TIME), expect.stringMatching(TIME)])
    const old = await sessions.create({
      agent: { type: 'agent', id: agent.id, version: 1 },
      environment_id: environment,
    })
    const current = await sessions.create({ agent: { type: 'agent', id: agent.id }, environment_id: environment })
    expect([old.agent.system, current.agent.system]).toEqual(['one', 'two'])
  })

  test('takes overrides of its agent for itself alone', async () => {
    const { stack, environment } = use()
    const { agents, sessions } = stack.sdk.beta
    const agent = await agents.create({
      name: 'base',
      model: 'claude-opus-5-5',
      system: 'base',
      tools: [{ type: 'agent_toolset_20260401' }],
    })
    const overrides = { type: 'agent_with_overrides' as const, id: agent.id, system: null, tools: [] }
    const session = await sessions.create({
      agent: { ...overrides, model: 'claude-haiku-4-5' },
      environment_id: environment,
    })
    expect(session.agent).toMatchObject({
      id: agent.id,
      version: 1,
      model: { id: 'claude-haiku-4-5' },
      system: null,
      tools: [],
    })
    expect(await agents.retrieve(agent.id)).toEqual(agent)
    const body = { agent: { ...overrides, model: null }, environment_id: environment }
    const error = await refused(stack.sdk.post('/v1/sessions', { body }))
    expect(error).toMatchObject({ status: 400, errorCode: 'agent_model_required' })
  })

  test('changes its title and metadata by patches, told by one event with what changed', async () => {
    const { stack, agent, environment } = use()
    const { sessions } = stack.sdk.beta
    const { id } = await sessions.create({
      agent,
      environment_id: environment,
      title: 'old',
      metadata: { a: '1', b: '2' },
    })
    const changed = await sessions.update(id, { title: 'new', metadata: { a: null, c: '3' } })
    expect(changed).toMatchObject({ title: 'new', metadata: { b: '2', c: '3' } })
    expect(await sessions.update(id, { title: 'new', metadata: { c: '3' } })).toMatchObject({ title: 'new' })
    await sessions.update(id, { title: null })
    const events = await collect(sessions.events.list(id))
    expect(events).toMatchObject([
      { type: 'session.updated', title: 'new', metadata: { b: '2', c: '3' } },
      { type: 'session.updated', title: null },
    ])
    expect(events[1]).not.toHaveProperty('metadata')
    const listed = (await collect(sessions.list())).find((session) => session.id === id)
    expect(listed).toMatchObject({ title: null, metadata: { b: '2', c: '3' } })
  })

  test('is listed in both directions and by its filters', async () => {
    const { stack, environment } = use()
    const { agents, sessions } = stack.sdk.beta
    const agent = await agents.create({ name: 'listed', model: 'claude-opus-5-5' })
    const made: string[] = []
    for (let n = 0; n < 5; n++) made.push((await sessions.create({ agent: agent.id, environment_id: environment })).id)
    const mine = { agent_id: agent.id, limit: 2 }
    const ids = (page: { readonly data: readonly { readonly id: string }[] }): string[] => page.data.map(({ id }) => id)
    expect((await collect(sessions.list(mine))).map(({ id }) => id)).toEqual(made.toReversed())
    expect((await collect(sessions.list({ ...mine, order: 'asc' }))).map(({ id }) => id)).toEqual(made)

    const first = await sessions.list(mine)
    expect(first.prev_page).toBeNull()
    const second = await sessions.list({ ...mine, page: first.next_page ?? '' })
    expect(ids(second)).toEqual([made[2], made[1]])
    expect(ids(await sessions.list({ ...mine, page: second.prev_page ?? '' }))).toEqual(ids(first))
    expect(ids(await sessions.list({ ...mine, limit: 100, page: second.next_page ?? '' }))).toEqual([made[0]])

    const { created_at: middle } = await sessions.retrieve(made[2] ?? '')
    const after = await collect(sessions.list({ agent_id: agent.id, 'created_at[gt]': middle }))
    expect(after.map(({ id }) => id)).toEqual([made[4], made[3]])
    expect(await collect(sessions.list({ agent_id: agent.id, agent_version: 2 }))).toEqual([])
    expect(await collect(sessions.list({ agent_id: agent.id, statuses: ['running'] }))).toEqual([])
    expect(await collect(sessions.list({ agent_id: agent.id, statuses: ['running', 'idle'] }))).toHaveLength(5)
    const excluded = sessions.list({ ...mine, page: first.next_page ?? '', 'created_at[lt]': middle })
    expect(await refused(excluded)).toMatchObject({ status: 400 })
  })

  test('is archived once: terminated, listed on demand, its log kept, nothing taken any more', async () => {
    const { stack, agent, environment } = use()
    const { sessions } = stack.sdk.beta
    const { id } = await sessions.create({ agent, environment_id: environment, title: 'kept' })
    const archived = await sessions.archive(id)
    expect(archived).toMatchObject({ status: 'terminated', archived_at: expect.stringMatching(TIME), title: 'kept' })
    expect((await sessions.archive(id)).archived_at).toBe(archived.archived_at)
    const log = (await collect(sessions.events.list(id))).map(({ type }) => type)
    expect(log).toEqual(['session.thread_status_terminated', 'session.status_terminated'])
    expect((await collect(sessions.list())).some((session) => session.id === id)).toBe(false)
    expect(
      (await collect(sessions.list({ include_archived: true }))).find((session) => session.id === id),
    ).toMatchObject({
      status: 'terminated',
      archived_at: archived.archived_at,
    })
    expect(await refused(sessions.events.send(id, { events: [{ type: 'user.interrupt' }] }))).toBeInstanceOf(
      BadRequestError,
    )
    expect(await refused(sessions.update(id, { title: 'no' }))).toBeInstanceOf(BadRequestError)
    expect(await collect(await sessions.events.stream(id))).toEqual([])
  })

  test('is neither archived nor deleted while it runs; deleted, it ends its streams and is gone', async () => {
    const { stack, agent, environment } = use()
    const { sessions } = stack.sdk.beta
    const { id } = await sessions.create({
      agent,
      environment_id: environment,
      initial_events: [{ type: 'user.message', content: [{ type: 'text', text: '#program\nSLEEP 600000' }] }],
    })
    expect(await refused(sessions.archive(id))).toBeInstanceOf(BadRequestError)
    expect(await refused(sessions.delete(id))).toBeInstanceOf(BadRequestError)
    const streams = [await sessions.events.stream(id), await sessions.events.stream(id)]
    const idle = await sessions.events.stream(id)
    await sessions.events.send(id, { events: [{ type: 'user.interrupt' }] })
    for await (const { type } of idle) if (type === 'session.status_idle') break
    expect(await sessions.delete(id)).toEqual({ id, type: 'session_deleted' })
    for (const stream of streams) {
      const types = (await collect(stream)).map(({ type }) => type)
      expect(types.slice(-2)).toEqual(['session.status_idle', 'session.deleted'])
    }
    const calls: (() => Promise<unknown>)[] = [
      () => sessions.retrieve(id),
      () => sessions.delete(id),
      () => collect(sessions.events.list(id)),
      () => sessions.events.stream(id),
      () => sessions.events.send(id, { events: [{ type: 'user.interrupt' }] }),
      () => sessions.update(id, { title: 'x' }),
      () => sessions.archive(id),
    ]
    for (const call of calls) expect(await refused(call())).toBeInstanceOf(NotFoundError)
    expect((await collect(sessions.list({ include_archived: true }))).some((session) => session.id === id)).toBe(false)
  })
})

describe('a list of events', () => {
  test('pages both ways, filters by type and time, and refuses a cursor out of place', async () => {
    const { stack, agent, environment } = use()
    const { sessions } = stack.sdk.beta
    const { id } = await sessions.create({ agent, environment_id: environment })
    const stream = await sessions.events.stream(id)
    await sessions.events.send(id, { events: [{ type: 'user.message', content: [{ type: 'text', text: 'hello' }] }] })
    for await (const { type } of stream) if (type === 'session.status_idle') break
    const all = await collect(sessions.events.list(id))
    for (const limit of [1, 2, 3, 1000]) {
      expect(await collect(sessions.events.list(id, { limit }))).toEqual(all)
      expect(await collect(sessions.events.list(id, { limit, order: 'desc' }))).toEqual(all.toReversed())
    }
    const types = ['agent.message' as const, 'session.status_idle' as const]
    expect((await collect(sessions.events.list(id, { types, limit: 1 }))).map(({ type }) => type)).toEqual(types)
    const said = all.find(({ type }) => type === 'agent.message')?.processed_at ?? ''
    const since = await collect(sessions.events.list(id, { 'created_at[gte]': said }))
    expect(since).toEqual(all.filter(({ processed_at: at }) => (at ?? '') >= said))
    const before = await collect(sessions.events.list(id, { 'created_at[lt]': said }))
    expect([...before, ...since]).toEqual(all)

    const { next_page: page } = await sessions.events.list(id, { limit: 1 })
    const cursor = { limit: 1, page: page ?? '' }
    expect(await refused(sessions.events.list(id, { ...cursor, order: 'desc' }))).toBeInstanceOf(BadRequestError)
    expect(await refused(sessions.events.list(id, { ...cursor, 'created_at[gt]': said }))).toBeInstanceOf(
      BadRequestError,
    )
    expect(await collect(sessions.events.list(id, { page: page ?? '', types: ['agent.message'] }))).toHaveLength(1)
  })
})
