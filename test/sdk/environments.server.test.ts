import type Anthropic from '@anthropic-ai/sdk'
import { BadRequestError, ConflictError, NotFoundError } from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import type { Environment } from '../../src/wire/types.ts'
import { uniqueName } from '../support/temporal.ts'
import { collect, createSession, message, refused, saidIn, turn } from './drive.ts'
import { call } from './raw-http.ts'
import { useStack } from './use-stack.ts'

const use = useStack()

type Params = Anthropic.Beta.EnvironmentCreateParams

function make(params: Partial<Params> = {}): Promise<Environment> {
  return use().stack.sdk.beta.environments.create({ name: uniqueName('env'), ...params })
}

describe('an environment', () => {
  test('takes the fields of an update and keeps the rest, at every depth', async () => {
    const { environments } = use().stack.sdk.beta
    const networking = { type: 'limited' as const, allowed_hosts: ['a.com'], allow_package_managers: true }
    const made = await make({
      description: 'd',
      metadata: { a: '1', b: '2' },
      config: { type: 'cloud', networking, packages: { pip: ['numpy'] } },
    })
    const name = uniqueName('renamed')
    const changed = await environments.update(made.id, {
      name,
      metadata: { a: '', c: '3' },
      config: { type: 'cloud', networking: { type: 'limited', allowed_hosts: ['b.com'] }, packages: { npm: ['zx'] } },
    })
    expect(changed).toEqual({
      ...made,
      name,
      metadata: { b: '2', c: '3' },
      config: {
        type: 'cloud',
        networking: { ...networking, allowed_hosts: ['b.com'], allow_mcp_servers: false },
        packages: { type: 'packages', apt: [], cargo: [], gem: [], go: [], npm: ['zx'], pip: ['numpy'] },
      },
      updated_at: changed.updated_at,
    })
    expect(changed.updated_at > made.updated_at).toBe(true)
    expect(await environments.retrieve(made.id)).toEqual(changed)
    expect((await collect(environments.list())).find(({ id }) => id === made.id)).toEqual(changed)

    const { config } = changed
    expect(await environments.update(made.id, { name, description: 'd', metadata: { b: '2' }, config })).toEqual(
      changed,
    )
    expect(await environments.update(made.id, {})).toEqual(changed)
    expect((await environments.update(made.id, { description: null })).description).toBeNull()
  })

  test('keeps its kind, its scope and its limits', async () => {
    const { environments } = use().stack.sdk.beta
    const { id } = await make()
    const selfHosted = await make({ config: { type: 'self_hosted' } })
    for (const ask of [
      () => environments.update(id, { config: { type: 'self_hosted' } }),
      () => environments.update(selfHosted.id, { config: { type: 'cloud' } }),
    ]) {
      expect(await refused(ask())).toMatchObject({ status: 400, errorCode: 'invalid_config_type_change' })
    }
    expect(await refused(environments.update(id, { scope: 'account' }))).toBeInstanceOf(BadRequestError)
    expect(await refused(environments.update(id, { name: '' }))).toBeInstanceOf(BadRequestError)
    const metadata = Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, 'v']))
    expect(await refused(environments.update(id, { metadata }))).toMatchObject({ errorCode: 'invalid_metadata' })
    const closed = { type: 'cloud' as const, networking: { type: 'limited' as const }, packages: { apt: ['jq'] } }
    expect(await refused(environments.update(id, { config: closed }))).toBeInstanceOf(BadRequestError)
  })

  test('is renamed to no name that is taken, and says so once', async () => {
    const { stack } = use()
    const { environments } = stack.sdk.withOptions({ maxRetries: 2 }).beta
    const [one, other] = [await make(), await make()]
    const error = await refused(environments.update(one.id, { name: other.name }))
    expect(error).toBeInstanceOf(ConflictError)
    expect(error instanceof ConflictError && error.headers.get('x-should-retry')).toBe('false')
    await environments.archive(other.id)
    expect((await environments.update(one.id, { name: other.name })).name).toBe(other.name)
  })

  test('takes every one of several updates at once', async () => {
    const { environments } = use().stack.sdk.beta
    const { id } = await make()
    const keys = ['a', 'b', 'c', 'd', 'e', 'f']
    await Promise.all(keys.map((key) => environments.update(id, { metadata: { [key]: '1' } })))
    expect(Object.keys((await environments.retrieve(id)).metadata).toSorted()).toEqual(keys)
  })

  test('is archived for good: no updates, no new sessions, those it has go on', async () => {
    const { stack, agent } = use()
    const { environments, sessions } = stack.sdk.beta
    const made = await make()
    const session = await createSession({ ...use(), environment: made.id })
    const archived = await environments.archive(made.id)
    expect(archived).toEqual({ ...made, archived_at: expect.any(String) })
    expect(await environments.archive(made.id)).toEqual(archived)
    expect(await environments.retrieve(made.id)).toEqual(archived)
    for (const ask of [
      () => environments.update(made.id, { name: 'other' }),
      () => environments.update(made.id, {}),
      () => sessions.create({ agent, environment_id: made.id }),
    ]) {
      expect(await refused(ask())).toMatchObject({ status: 400, errorCode: 'environment_archived' })
    }
    expect(saidIn(await turn(stack.sdk, session, message('#program\nSAY still here')))).toEqual(['still here'])
    expect(await make({ name: made.name })).toMatchObject({ name: made.name, archived_at: null })
  })

  test('is deleted when no session is left that names it', async () => {
    const { stack, agent } = use()
    const { environments, sessions } = stack.sdk.beta
    const { id, name } = await make()
    const session = await createSession({ ...use(), environment: id })
    const inUse = { status: 400, errorCode: 'environment_in_use' }
    expect(await refused(environments.delete(id))).toMatchObject(inUse)
    await sessions.archive(session)
    expect(await refused(environments.delete(id))).toMatchObject(inUse)
    await sessions.delete(session)
    expect(await environments.delete(id)).toEqual({ id, type: 'environment_deleted' })
    for (const ask of [
      () => environments.delete(id),
      () => environments.retrieve(id),
      () => environments.update(id, {}),
      () => environments.archive(id),
      () => sessions.create({ agent, environment_id: id }),
    ]) {
      expect(await refused(ask())).toBeInstanceOf(NotFoundError)
    }
    expect((await collect(environments.list({ include_archived: true }))).map((each) => each.id)).not.toContain(id)
    expect((await make({ name })).id).not.toBe(id)
  })

  test('is deleted while archived', async () => {
    const { environments } = use().stack.sdk.beta
    const { id } = await make()
    await environments.archive(id)
    expect(await environments.delete(id)).toEqual({ id, type: 'environment_deleted' })
  })

  test('is created once by a request that is sent again', async () => {
    const { stack } = use()
    const body = { name: uniqueName('env') }
    const create = (retry: string) =>
      call(stack.urls[0] ?? '', {
        method: 'POST',
        path: '/v1/environments',
        headers: {
          authorization: `Bearer ${stack.apiKey}`,
          'idempotency-key': body.name,
          'x-stainless-retry-count': retry,
        },
        body,
      })
    const answers = [await create('0'), await create('1')]
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(JSON.parse(answers[1]?.text ?? '')).toEqual(JSON.parse(answers[0]?.text ?? '{}'))
  })
})

describe('a list of environments', () => {
  test('shows each once while others are archived, deleted and made', async () => {
    const { environments } = use().stack.sdk.beta
    const made: Environment[] = []
    for (let n = 0; n < 7; n++) made.push(await make())
    const [, doomed, lateArchived, , earlyArchived] = made
    await environments.archive(earlyArchived?.id ?? '')
    const first = await environments.list({ limit: 2 })
    expect(first.data.map(({ id }) => id)).toEqual([made[6]?.id, made[5]?.id])
    // The cursor stands behind one that goes away, too.
    await environments.archive(made[5]?.id ?? '')
    await environments.archive(lateArchived?.id ?? '')
    await environments.delete(doomed?.id ?? '')
    await make()
    const rest: string[] = []
    for (let page = first.next_page; page;) {
      const next = await environments.list({ limit: 2, page })
      rest.push(...next.data.map(({ id }) => id))
      page = next.next_page
    }
    expect(rest.slice(0, 2)).toEqual([made[3]?.id, made[0]?.id])
    const all = (await collect(environments.list({ limit: 3, include_archived: true }))).map(({ id }) => id)
    expect(all.slice(1, 7)).toEqual([6, 5, 4, 3, 2, 0].map((index) => made[index]?.id))
    expect(new Set(all).size).toBe(all.length)
  })
})
