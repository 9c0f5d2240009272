import { BadRequestError, ConflictError, NotFoundError } from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import type { Agent } from '../../src/wire/types.ts'
import { collect, createSession, message, refused, saidIn, turn } from './drive.ts'
import { useStack } from './use-stack.ts'

const use = useStack()

const TOOLS = [{ type: 'agent_toolset_20260401' as const }]

function make(name = 'agent'): Promise<Agent> {
  return use().stack.sdk.beta.agents.create({ name, model: 'claude-opus-5-5', tools: TOOLS })
}

describe('an agent', () => {
  test('is archived for good: no updates, no new sessions of any version, those it has go on', async () => {
    const { stack, environment } = use()
    const { agents, sessions } = stack.sdk.beta
    const made = await make()
    const second = await agents.update(made.id, { system: 'two' })
    const session = await createSession({ ...use(), agent: made.id })
    const archived = await agents.archive(made.id)
    expect(archived).toEqual({ ...second, archived_at: expect.any(String) })
    expect(await agents.archive(made.id)).toEqual(archived)
    expect(await agents.retrieve(made.id)).toEqual(archived)
    expect(await agents.retrieve(made.id, { version: 1 })).toEqual({ ...made, archived_at: archived.archived_at })
    expect((await collect(agents.versions.list(made.id))).map(({ version }) => version)).toEqual([2, 1])

    const overrides = { type: 'agent_with_overrides' as const, id: made.id, system: 'mine' }
    const coordinator = { type: 'coordinator' as const, agents: [{ type: 'agent' as const, id: made.id }] }
    for (const ask of [
      () => agents.update(made.id, { name: 'new' }),
      () => agents.update(made.id, {}),
      () => sessions.create({ agent: made.id, environment_id: environment }),
      () => sessions.create({ agent: { type: 'agent', id: made.id, version: 1 }, environment_id: environment }),
      () => sessions.create({ agent: overrides, environment_id: environment }),
      () => agents.create({ name: 'boss', model: 'claude-opus-5-5', multiagent: coordinator }),
    ]) {
      const error = await refused(ask())
      expect(error).toBeInstanceOf(BadRequestError)
      expect(error).toMatchObject({ message: expect.stringContaining('archived') })
    }
    expect(saidIn(await turn(stack.sdk, session, message('#program\nSAY still here')))).toEqual(['still here'])
    expect((await sessions.retrieve(session)).agent).toMatchObject({ id: made.id, version: 2, system: 'two' })
  })

  test('is taken by a session at the versions it has, and at no other', async () => {
    const { stack, environment } = use()
    const { agents, sessions } = stack.sdk.beta
    const { id } = await make()
    await agents.update(id, { system: 'two' })
    const create = (version: number) =>
      sessions.create({ agent: { type: 'agent', id, version }, environment_id: environment })
    expect([(await create(1)).agent.version, (await create(2)).agent.version]).toEqual([1, 2])
    const error = await refused(create(3))
    expect(error).toBeInstanceOf(NotFoundError)
    expect(error).toMatchObject({ message: expect.stringContaining('version 3') })
  })

  test('takes every one of several updates at once that name no version', async () => {
    const { agents } = use().stack.sdk.beta
    const { id } = await make()
    const keys = ['a', 'b', 'c', 'd', 'e', 'f']
    const updated = await Promise.all(keys.map((key) => agents.update(id, { metadata: { [key]: '1' } })))
    expect(updated.map(({ version }) => version).toSorted((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7])
    expect(Object.keys((await agents.retrieve(id)).metadata).toSorted()).toEqual(keys)
    expect(await collect(agents.versions.list(id))).toHaveLength(7)
  })

  test('takes one of several updates at once that name the version, and tells the others not to try again', async () => {
    const { stack } = use()
    const { agents } = stack.sdk.beta
    const { id } = await make()
    const names = ['a', 'b', 'c', 'd']
    const outcomes = await Promise.allSettled(names.map((name) => agents.update(id, { version: 1, name })))
    const errors = outcomes.flatMap((outcome): unknown[] => (outcome.status === 'rejected' ? [outcome.reason] : []))
    expect(errors).toHaveLength(3)
    for (const error of errors) {
      expect(error).toBeInstanceOf(ConflictError)
      expect(error instanceof ConflictError && error.headers.get('x-should-retry')).toBe('false')
    }
    expect((await agents.retrieve(id)).version).toBe(2)
    // Stale even for what is there already.
    const { name } = await agents.retrieve(id)
    expect(await refused(agents.update(id, { version: 1, name }))).toBeInstanceOf(ConflictError)
    expect(await refused(agents.update(id, { version: 3, name }))).toBeInstanceOf(ConflictError)
  })

  test('is not found where it never was', async () => {
    const { agents } = use().stack.sdk.beta
    const id = 'agent_01missing'
    for (const ask of [
      () => agents.retrieve(id),
      () => agents.update(id, { name: 'x' }),
      () => agents.archive(id),
      () => collect(agents.versions.list(id)),
    ]) {
      expect(await refused(ask())).toBeInstanceOf(NotFoundError)
    }
  })
})

describe('a list of agents', () => {
  test('shows each once while others are archived, changed and made', async () => {
    const { agents } = use().stack.sdk.beta
    const made: Agent[] = []
    for (let n = 0; n < 7; n++) made.push(await make(`${n}`))
    const idOf = (index: number): string => made[index]?.id ?? ''
    await agents.archive(idOf(4))
    const first = await agents.list({ limit: 2 })
    expect(first.data.map(({ id }) => id)).toEqual([idOf(6), idOf(5)])
    // The cursor stands behind one that goes away, too.
    await agents.archive(idOf(5))
    await agents.archive(idOf(2))
    await agents.update(idOf(1), { name: 'changed' })
    await make('late')
    const rest: Agent[] = []
    for (let page = first.next_page; page;) {
      const next = await agents.list({ limit: 2, page })
      rest.push(...next.data)
      page = next.next_page
    }
    expect(rest.slice(0, 3).map(({ id }) => id)).toEqual([idOf(3), idOf(1), idOf(0)])
    expect(rest[1]).toMatchObject({ name: 'changed', version: 2 })
    const all = await collect(agents.list({ limit: 3, include_archived: true }))
    expect(all.slice(1, 8).map(({ id }) => id)).toEqual([6, 5, 4, 3, 2, 1, 0].map(idOf))
    expect(all.filter(({ archived_at: at }) => at !== null).map(({ id }) => id)).toEqual(
      expect.arrayContaining([idOf(5), idOf(4), idOf(2)]),
    )
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  })

  test('has its time bounds within, and refuses bounds that leave out its cursor', async () => {
    const { agents } = use().stack.sdk.beta
    const made = [await make('old'), await make('middle'), await make('new')]
    const times = made.map(({ created_at: at }) => at)
    const between = await collect(agents.list({ 'created_at[gte]': times[0] ?? '', 'created_at[lte]': times[1] ?? '' }))
    expect(between.map(({ id }) => id).slice(0, 2)).toEqual([made[1]?.id, made[0]?.id])
    const page = (await agents.list({ limit: 1 })).next_page ?? ''
    expect(await refused(agents.list({ page, 'created_at[lte]': times[0] ?? '' }))).toBeInstanceOf(BadRequestError)
    expect(await refused(agents.versions.list(made[0]?.id ?? '', { page }))).toBeInstanceOf(BadRequestError)
  })
})

describe('a list of versions', () => {
  test('shows each once while new ones are made', async () => {
    const { agents } = use().stack.sdk.beta
    const { id } = await make()
    for (const name of ['b', 'c', 'd']) await agents.update(id, { name })
    const first = await agents.versions.list(id, { limit: 2 })
    await agents.update(id, { name: 'e' })
    const second = await agents.versions.list(id, { limit: 2, page: first.next_page ?? '' })
    expect([...first.data, ...second.data].map(({ version }) => version)).toEqual([4, 3, 2, 1])
    expect(second.next_page).toBeNull()
  })
})
