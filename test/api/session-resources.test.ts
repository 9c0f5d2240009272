import { describe, expect, test } from 'vitest'
import { placeOfSecret } from '../../src/store/resource-secrets.ts'
import { createEnvironment } from '../../src/wire/environments.ts'
import { createFakeApp } from './fakes.ts'
import type { Answer, Opened } from './resource-world.ts'
import { REPOSITORY, TOKEN, URL, create, existing, mounting, open, store } from './resource-world.ts'

describe('a session that is created with resources', () => {
  test('has a copy of each file, an index of all, and a log that begins with them', async () => {
    const opened = open()
    const { world, started } = opened
    const file = await store(opened, { size: 7, sha256: 'cd', downloadable: true })
    const checkout = { type: 'branch', name: 'main' } as const
    const answer = await create(opened, [
      { type: 'file', file_id: file, mount_path: '/a.csv' },
      { ...REPOSITORY, authorization_token: TOKEN, checkout },
      { type: 'file', file_id: file },
    ])
    expect(answer.code).toBe(200)
    const [first, second, third] = answer.resources
    const copies = [...world.files.rows.values()].filter(({ scopeId }) => scopeId === answer.id)
    expect(new Set(copies.map(({ id }) => id))).toEqual(new Set([first.file_id, third.file_id]))
    expect(first.file_id).not.toBe(file)
    expect(copies[0]).toMatchObject({ size: 7, downloadable: false, expiresAt: null })
    const times = { created_at: first.created_at, updated_at: first.created_at }
    expect(answer.resources).toEqual([
      { id: first.id, type: 'file', file_id: first.file_id, mount_path: '/mnt/session/uploads/a.csv', ...times },
      { ...REPOSITORY, id: second.id, mount_path: '/workspace/repo', checkout, ...times },
      {
        id: third.id,
        type: 'file',
        file_id: third.file_id,
        mount_path: `/mnt/session/uploads/${third.file_id}`,
        ...times,
      },
    ])
    expect(started[0]?.resources).toMatchObject([
      { id: first.id, file_id: first.file_id, size: 7, sha256: 'cd' },
      { id: second.id, type: 'github_repository', url: REPOSITORY.url },
      { id: third.id },
    ])
    expect(world.configurations.get(answer.id)?.recipe).toEqual({
      mounts: [
        { path: '/workspace/repo', url: REPOSITORY.url, checkout },
        { path: '/mnt/session/uploads/a.csv' },
        { path: third.mount_path },
      ],
    })
  })

  test('shows by its log which of them it has, in lists by its index', async () => {
    const opened = open()
    const { world, send } = opened
    const file = await store(opened)
    const { id, resources } = await create(opened, [REPOSITORY, { type: 'file', file_id: file }])
    const [repository, mounted] = resources
    world.view = { ...world.view, state: { ...world.view.state, resources: [mounted.id] } }
    expect((await send('GET', `/v1/sessions/${id}`)).resources).toEqual([mounted])
    expect((await send('GET', '/v1/sessions')).data[0].resources).toEqual([repository, mounted])
  })

  test('keeps its token sealed for its place, and nowhere else', async () => {
    const opened = open()
    const { world, context, started } = opened
    const answer = await create(opened, [{ ...REPOSITORY, authorization_token: TOKEN }])
    const [{ id: resourceId }] = answer.resources
    const place = placeOfSecret({ workspaceId: 'default', sessionId: answer.id, resourceId, version: 1 })
    expect(context.secrets?.open(world.tokens.get(resourceId) ?? Buffer.of(), place)).toBe(TOKEN)
    const { tokens: _, ...rest } = world
    const everything = [answer, started, rest].map((part) =>
      JSON.stringify(part, (__, value: unknown) => (value instanceof Map ? [...value] : value)),
    )
    expect(everything.join()).not.toContain(TOKEN.slice(4, 12))
  })

  test('is the same when the request comes again, whatever became of its files', async () => {
    const opened = open()
    const file = await store(opened)
    const key = { 'idempotency-key': 'k1' }
    const resources = [{ type: 'file', file_id: file }]
    const first = await create(opened, resources, key)
    await opened.send('DELETE', `/v1/files/${file}`)
    const { stats: _, ...same } = first
    expect(await create(opened, resources, key)).toMatchObject(same)
    const other = [{ type: 'file', file_id: file, mount_path: 'x' }]
    expect(await create(opened, other, key)).toMatchObject({ code: 409 })
  })

  test('goes on where a request that broke off has left it', async () => {
    const opened = open()
    const { context, started, send } = opened
    const { start } = context.workflows
    let tries = 0
    context.workflows.start = async (...asked) => {
      await start(...asked)
      if (++tries === 1) throw new Error('the answer is lost')
    }
    const original = await store(opened)
    const key = { 'idempotency-key': 'k1' }
    const resources = [mounting(original), { ...REPOSITORY, authorization_token: TOKEN }]
    expect((await create(opened, resources, key)).code).toBe(500)
    await send('DELETE', `/v1/files/${original}`)
    expect((await create(opened, resources, key)).code).toBe(200)
    expect(started[1]?.resources).toEqual(started[0]?.resources)
    expect(opened.world.files.rows.size).toBe(1)
  })

  test('names only some of many to its agent', async () => {
    const opened = open()
    const file = await store(opened)
    const many = Array.from({ length: 60 }, (_, at) => ({ type: 'file', file_id: file, mount_path: `/f${at}` }))
    const { id } = await create(opened, [...many, REPOSITORY])
    const recipe = opened.world.configurations.get(id)?.recipe
    expect(recipe?.mounts).toHaveLength(50)
    expect(recipe?.mounts?.[0]).toMatchObject({ path: '/workspace/repo' })
    expect(recipe?.moreMounts).toBe(11)
    const long = Array.from({ length: 8 }, (_, at) => ({
      type: 'file',
      file_id: file,
      mount_path: Array.from({ length: 10 }, () => `${at}${'n'.repeat(200)}`).join('/'),
    }))
    const other = opened.world.configurations.get((await create(opened, long)).id)?.recipe
    expect([other?.mounts?.length, other?.moreMounts]).toEqual([3, 5])
  })

  test.each<{ name: string; resources: (file: string) => readonly object[]; status?: number; says: string }>([
    {
      name: 'a file that is missing',
      resources: () => [mounting('file_x')],
      status: 404,
      says: 'resources.0.file_id: no',
    },
    {
      name: 'two at one path',
      resources: (id) => [mounting(id, '/a'), mounting(id, 'a')],
      says: 'two of them are mounted at',
    },
    {
      name: 'paths that are too long together',
      resources: (id) =>
        Array.from({ length: 70 }, (_, at) => mounting(id, `/${at}/${`${'x'.repeat(200)}/`.repeat(19)}f`)),
      says: 'expected mount paths of at most 262144 bytes together',
    },
    {
      name: 'one below another',
      resources: (id) => [mounting(id, '/a'), mounting(id, '/a/b')],
      says: 'exclude each other',
    },
    {
      name: 'a path that leads out',
      resources: (id) => [mounting(id, '/../x')],
      says: 'resources.0.mount_path: expected',
    },
    { name: 'the root', resources: (id) => [mounting(id, '/')], says: 'resources.0.mount_path: expected' },
    {
      name: 'an empty path',
      resources: (id) => [mounting(id, '')],
      says: 'mount_path: expected at least 1 characters',
    },
    {
      name: 'two repositories one below the other',
      resources: () => [REPOSITORY, { ...REPOSITORY, mount_path: '/workspace/repo/x' }],
      says: 'exclude each other',
    },
    {
      name: 'a repository beside the working folder',
      resources: () => [{ ...REPOSITORY, mount_path: '/mnt/session/uploads/r' }],
      says: 'resources.0.mount_path: expected a path below /workspace',
    },
    {
      name: 'a repository elsewhere',
      resources: () => [{ ...REPOSITORY, url: 'https://gitlab.com/o/r' }],
      says: 'resources.0.url: expected https://github.com/<owner>/<repo> without .git',
    },
    {
      name: 'a memory store',
      resources: () => [{ type: 'memory_store', memory_store_id: 'memstore_1' }],
      says: 'not supported yet: memory_store resources',
    },
  ])('is refused with $name', async ({ resources, status = 400, says }) => {
    const opened = open()
    const answer = await create(opened, resources(await store(opened)))
    expect(answer).toMatchObject({ code: status, error: { message: expect.stringContaining(says) } })
    expect(opened.world.sessions.size).toBe(0)
    expect(opened.world.files.rows.size).toBe(1)
  })

  test('is refused with a file that has expired', async () => {
    const opened = open()
    const expired = await store(opened, { expiresAt: new Date(Date.now() - 1) })
    expect(await create(opened, [mounting(expired)])).toMatchObject({
      code: 404,
      error: { details: { error_code: 'file_expired' } },
    })
  })

  test('is refused where its sandboxes are the user’s own', async () => {
    const { context } = createFakeApp()
    const own = createEnvironment({ name: 'own', config: { type: 'self_hosted' } }, { id: 'env_1', now: '' })
    const opened = open({}, { environments: { ...context.environments, read: async () => own } })
    const answer = await create(opened, [REPOSITORY])
    expect(answer).toMatchObject({ code: 400, error: { details: { error_code: 'not_supported' } } })
    expect(answer.error.message).toBe(
      'environment_id: env_1 is self-hosted: its sessions take no file or github_repository resources',
    )
  })

  test('is refused with a token where the server keeps none, and not without', async () => {
    const opened = open({}, { secrets: null })
    expect((await create(opened, [REPOSITORY])).code).toBe(200)
    const answer = await create(opened, [REPOSITORY, { ...REPOSITORY, authorization_token: TOKEN }])
    expect(answer).toMatchObject({ code: 400, error: { details: { error_code: 'not_supported' } } })
    expect(answer.error.message).toBe(
      'resources.1.authorization_token: this server keeps no secrets: set LONGHAND_SECRETS_KEY',
    )
  })
})

describe('a token in a bad request', () => {
  const repository = { ...REPOSITORY, authorization_token: TOKEN }

  test.each<[string, object]>([
    ['in the URL', { ...REPOSITORY, url: `https://${TOKEN}@github.com/o/r` }],
    ['in the URL of another host', { ...REPOSITORY, url: `https://x:${TOKEN}@gitlab.com/o/r.git` }],
    ['with a line break', { ...REPOSITORY, authorization_token: `${TOKEN}\n` }],
    ['with a space', { ...REPOSITORY, authorization_token: `Bearer ${TOKEN}` }],
    ['that is too long', { ...REPOSITORY, authorization_token: TOKEN.repeat(120) }],
    ['in a list', { ...REPOSITORY, authorization_token: [TOKEN] }],
    ['beside a bad path', { ...repository, mount_path: '..' }],
    ['beside a bad branch', { ...repository, checkout: { type: 'branch', name: '..' } }],
    ['beside an unknown field', { ...repository, more: TOKEN }],
    ['beside a resource of no kind', { ...repository, type: 'svn_repository' }],
  ])('%s is not told back', async (_, resource) => {
    const opened = open()
    const answer = await create(opened, [resource])
    expect(answer.code).toBe(400)
    expectSilent(answer, opened)
  })

  test.each<[string, unknown]>([
    ['with a line break', `${TOKEN}\n`],
    ['that is too long', TOKEN.repeat(120)],
    ['in an object', { value: TOKEN }],
  ])('%s is not told back by a rotation', async (_, token) => {
    const opened = existing()
    const answer = await opened.send('POST', `${URL}/sesrsc_1`, { authorization_token: token })
    expect(answer.code).toBe(400)
    expectSilent(answer, opened)
  })

  function expectSilent(answer: Answer, { world }: Opened): void {
    const said = JSON.stringify([answer, world.logged])
    for (let at = 0; at + 6 <= TOKEN.length; at++) expect(said).not.toContain(TOKEN.slice(at, at + 6))
  }
})
