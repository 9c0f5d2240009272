import { BadRequestError, ConflictError, NotFoundError } from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import { uniqueName } from '../support/temporal.ts'
import { collect, refused } from './drive.ts'
import { useStack } from './use-stack.ts'

const use = useStack()

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

describe('an agent', () => {
  test('is created as version 1 with its defaults filled in, and read back the same', async () => {
    const { agents } = use().stack.sdk.beta
    const agent = await agents.create({ name: 'plain', model: 'claude-opus-5-5' })
    expect(agent).toEqual({
      id: expect.stringMatching(/^agent_01\w{22}$/),
      type: 'agent',
      version: 1,
      name: 'plain',
      description: null,
      model: { id: 'claude-opus-5-5', effort: { type: 'medium' }, speed: 'standard' },
      system: null,
      tools: [],
      mcp_servers: [],
      skills: [],
      multiagent: null,
      metadata: {},
      execution_identity: { type: 'service_account' },
      created_at: expect.stringMatching(TIME),
      updated_at: expect.stringMatching(TIME),
      archived_at: null,
    })
    expect(await agents.retrieve(agent.id)).toEqual(agent)
  })

  test('gets a version for every change and none for what changes nothing', async () => {
    const { agents } = use().stack.sdk.beta
    const first = await agents.create({
      name: 'v',
      model: 'claude-opus-5-5',
      system: 'one',
      metadata: { a: '1', b: '2' },
    })
    const second = await agents.update(first.id, { version: 1, system: 'two', metadata: { a: null, c: '3' } })
    expect(second).toMatchObject({ id: first.id, version: 2, name: 'v', system: 'two', metadata: { b: '2', c: '3' } })
    expect(await agents.update(first.id, { system: 'two' })).toEqual(second)
    const third = await agents.update(first.id, { system: '' })
    expect(third).toMatchObject({ version: 3, system: null })
    expect(await agents.retrieve(first.id)).toEqual(third)
    expect(await agents.retrieve(first.id, { version: 1 })).toEqual(first)
    expect(await collect(agents.versions.list(first.id, { limit: 1 }))).toEqual([third, second, first])
    expect(await refused(agents.retrieve(first.id, { version: 4 }))).toBeInstanceOf(NotFoundError)
  })

  test('refuses an update of a version that is not the current one, once', async () => {
    const { stack } = use()
    const client = stack.sdk.withOptions({ maxRetries: 2 })
    const agent = await client.beta.agents.create({ name: 'stale', model: 'claude-opus-5-5' })
    await client.beta.agents.update(agent.id, { name: 'newer' })
    const error = await refused(client.beta.agents.update(agent.id, { version: 1, name: 'newer' }))
    expect(error).toBeInstanceOf(ConflictError)
    expect(error).toMatchObject({ type: 'conflict_error' })
    expect(error instanceof ConflictError && error.headers.get('x-should-retry')).toBe('false')
  })

  test('survives two updates at once as one of them', async () => {
    const { agents } = use().stack.sdk.beta
    const { id } = await agents.create({ name: 'race', model: 'claude-opus-5-5' })
    const updates = ['left', 'right'].map((name) => agents.update(id, { version: 1, name }))
    const outcomes = await Promise.allSettled(updates)
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect((await agents.retrieve(id)).version).toBe(2)
  })

  test.each([
    { name: 'no name', body: { model: 'claude-opus-5-5' } },
    { name: 'no model', body: { name: 'x' } },
    { name: 'a system prompt that is too long', body: { name: 'x', model: 'm', system: 'x'.repeat(100_001) } },
  ])('with $name is refused', async ({ body }) => {
    const { sdk } = use().stack
    expect(await refused(sdk.post('/v1/agents', { body }))).toBeInstanceOf(BadRequestError)
  })

  test('stands in the list, newest first, over as many pages as it takes', async () => {
    const { agents } = use().stack.sdk.beta
    const made: string[] = []
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      made.push((await agents.create({ name, model: 'claude-opus-5-5' })).id)
    const all = await collect(agents.list({ limit: 2 }))
    expect(all.slice(0, 5).map(({ id }) => id)).toEqual(made.toReversed())
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    const page = await agents.list({ limit: 2 })
    expect('prev_page' in page).toBe(false)
    const third = await agents.retrieve(made[2] ?? '')
    const since = await collect(agents.list({ 'created_at[gte]': third.created_at }))
    expect(since.map(({ id }) => id)).toEqual(expect.arrayContaining(made.slice(2)))
    expect(since.every(({ created_at: at }) => at >= third.created_at)).toBe(true)
  })
})

describe('an environment', () => {
  test('is created in the cloud with open networking, read and listed', async () => {
    const { environments } = use().stack.sdk.beta
    const environment = await environments.create({ name: uniqueName('env') })
    expect(environment).toMatchObject({
      type: 'environment',
      config: { type: 'cloud', networking: { type: 'unrestricted' } },
    })
    expect(environment.id).toMatch(/^env_01/)
    expect(await environments.retrieve(environment.id)).toEqual(environment)
    const more = await environments.create({ name: uniqueName('env') })
    const listed = await collect(environments.list({ limit: 1 }))
    expect(listed.slice(0, 2)).toEqual([more, environment])
  })

  test('of a name that is taken is a conflict', async () => {
    const { environments } = use().stack.sdk.beta
    const { name } = await environments.create({ name: uniqueName('env') })
    expect(await refused(environments.create({ name }))).toBeInstanceOf(ConflictError)
  })
})

describe('a model', () => {
  test('is listed and read as the model back end has it', async () => {
    const { models } = use().stack.sdk
    const page = await models.list()
    expect(page).toMatchObject({ has_more: false, first_id: 'scripted', last_id: 'scripted' })
    expect(await models.retrieve('scripted')).toEqual(page.data[0])
    expect(await refused(models.retrieve('unheard-of'))).toBeInstanceOf(NotFoundError)
  })
})
