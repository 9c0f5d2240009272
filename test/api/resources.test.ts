import { describe, expect, test } from 'vitest'
import type { ApiContext } from '../../src/api/context.ts'
import { placeOfSecret } from '../../src/store/resource-secrets.ts'
import type { Answer, Opened } from './resource-world.ts'
import { REPOSITORY, TOKEN, URL, create, existing, mounting, open, store } from './resource-world.ts'

async function filled(count: number): Promise<Opened & { readonly ids: readonly string[] }> {
  const opened = existing()
  const original = await store(opened)
  const ids: string[] = []
  for (let at = 0; at < count; at++) ids.push((await opened.send('POST', URL, mounting(original, `f${at}`))).id)
  return { ...opened, ids }
}

describe('the resources of a session', () => {
  test('are listed whole, or page by page in the same order', async () => {
    const { send, ids } = await filled(5)
    const whole = await send('GET', URL)
    expect(whole.data.map(({ id }: { id: string }) => id)).toEqual(ids)
    expect(whole.next_page).toBeNull()
    for (const limit of [1, 2, 4, 5]) {
      const walked: string[] = []
      let page: string | null = null
      do {
        const answer: Answer = await send('GET', `${URL}?limit=${limit}${page === null ? '' : `&page=${page}`}`)
        walked.push(...answer.data.map(({ id }: { id: string }) => id))
        page = answer.next_page
      } while (page !== null)
      expect(walked).toEqual(ids)
    }
  })

  test('are walked on from a place whose resource was removed, and with no cursor of elsewhere', async () => {
    const { send, ids } = await filled(4)
    const { next_page: page } = await send('GET', `${URL}?limit=2`)
    await send('DELETE', `${URL}/${ids[1]}`)
    const rest = await send('GET', `${URL}?page=${page}`)
    expect(rest['data'].map(({ id }: { id: string }) => id)).toEqual(ids.slice(2))
    expect(await send('GET', `${URL}?page=nonsense`)).toMatchObject({ code: 400 })
    expect(await send('GET', `${URL}?limit=0`)).toMatchObject({ code: 400 })
  })

  test('are there until they are removed, once, by a file’s name alone', async () => {
    const { send, ids, updates, world } = await filled(2)
    expect(await send('DELETE', `${URL}/${ids[0]}`)).toEqual({
      code: 200,
      id: ids[0],
      type: 'session_resource_deleted',
    })
    expect(updates.at(-1)).toEqual({ change: { resources: { remove: ids[0] } }, id: `remove-${ids[0]}` })
    for (const method of ['GET', 'DELETE'] as const)
      expect(await send(method, `${URL}/${ids[0]}`)).toMatchObject({
        code: 404,
        error: { message: `No resource ${ids[0]} in session sesn_1.` },
      })
    expect(world.resources.get(ids[0] ?? '')?.isRemoved).toBe(true)
    world.view = { ...world.view, state: { ...world.view.state, status: 'terminated' } }
    expect(await send('DELETE', `${URL}/${ids[1]}`)).toMatchObject({ code: 400 })
  })
})

describe('a resource that is removed', () => {
  test('is in no list of sessions while nobody knows what became of that, and stays where it was refused', async () => {
    const { send, ids, world, context } = await filled(2)
    const listed = async () =>
      (await context.resources.listed(['sesn_1'])).get('sesn_1')?.map(({ resource }) => resource.id)
    context.workflows.configure = () => Promise.reject(new Error('away'))
    expect((await send('DELETE', `${URL}/${ids[0]}`)).code).toBe(500)
    expect([await listed(), world.resources.get(ids[0] ?? '')?.pending]).toEqual([[ids[1]], 'removed'])
    context.workflows.configure = async () => ({ refused: 'The session is terminated and cannot change.' })
    expect((await send('DELETE', `${URL}/${ids[0]}`)).code).toBe(400)
    expect(await listed()).toEqual(ids)
  })
})

describe('a resource that the log does not have', () => {
  test.each([
    ['GET', '', 200],
    ['GET', '/ID', 404],
    ['DELETE', '/ID', 404],
  ] as const)('is listed no more once somebody has looked for it: %s %s', async (method, path, code) => {
    const { send, ids, world, context } = await filled(3)
    const [kept = '', dead = '', young = ''] = ids
    const age = (id: string, minutes: number): void => {
      const row = world.resources.get(id)
      if (row) world.resources.set(id, { ...row, updatedAt: new Date(Date.now() - minutes * 60_000) })
    }
    age(kept, 61)
    age(dead, 61)
    age(young, 59)
    world.view = { ...world.view, state: { ...world.view.state, resources: [kept] } }
    expect((await send(method, `${URL}${path.replace('ID', dead)}`)).code).toBe(code)
    const listed = (await context.resources.listed(['sesn_1'])).get('sesn_1')
    expect(listed?.map(({ resource }) => resource.id)).toEqual([kept, young])
  })
})

describe('the token of a repository', () => {
  async function cloned(
    change: Partial<ApiContext> = {},
  ): Promise<Opened & { readonly id: string; readonly url: string }> {
    const opened = open({}, change)
    const { id, resources } = await create(opened, [REPOSITORY, mounting(await store(opened))])
    const ids = resources.map((resource: { id: string }) => resource.id)
    opened.world.view = { ...opened.world.view, state: { ...opened.world.view.state, resources: ids } }
    return { ...opened, id, url: `/v1/sessions/${id}/resources` }
  }

  test('is changed on the session as it is, and everybody hears of it', async () => {
    const { world, context, send, id, url, announced, updates } = await cloned()
    const [resourceId = ''] = world.view.state.resources ?? []
    const answer = await send('POST', `${url}/${resourceId}`, { authorization_token: TOKEN })
    expect(answer).toEqual({
      code: 200,
      ...REPOSITORY,
      id: resourceId,
      mount_path: '/workspace/repo',
      checkout: null,
      created_at: expect.any(String),
      updated_at: '2026-03-02T12:00:00.000Z',
    })
    const place = placeOfSecret({ workspaceId: 'default', sessionId: id, resourceId, version: 1 })
    expect(context.secrets?.open(world.tokens.get(resourceId) ?? Buffer.of(), place)).toBe(TOKEN)
    expect(announced).toEqual([id])
    expect(updates).toEqual([])
  })

  test('is changed although nobody hears of it', async () => {
    const silent = async (): Promise<void> => Promise.reject(new Error('no connection'))
    const { world, send, url } = await cloned({ announceResources: silent })
    const [resourceId = ''] = world.view.state.resources ?? []
    expect((await send('POST', `${url}/${resourceId}`, { authorization_token: TOKEN })).code).toBe(200)
  })

  test('is nothing that a file has, and stays when the session is over or no key is there', async () => {
    const { world, send, url, context } = await cloned()
    const [repository, mounted] = world.view.state.resources ?? []
    const rotate = (id: string | undefined) => send('POST', `${url}/${id}`, { authorization_token: TOKEN })
    const message = `${mounted} is a file: only github_repository resources have a token to change`
    expect(await rotate(mounted)).toMatchObject({ code: 400, error: { message } })
    expect(await rotate('sesrsc_none')).toMatchObject({ code: 404 })
    const removal = `${repository} is a github_repository: only files can be removed`
    expect(await send('DELETE', `${url}/${repository}`)).toMatchObject({ code: 400, error: { message: removal } })
    Object.assign(context, { secrets: null })
    expect(await rotate(repository)).toMatchObject({ code: 400, error: { details: { error_code: 'not_supported' } } })
    world.view = { ...world.view, state: { ...world.view.state, status: 'terminated' } }
    expect(await rotate(repository)).toMatchObject({ code: 400 })
    expect(world.tokens.size).toBe(0)
  })
})
