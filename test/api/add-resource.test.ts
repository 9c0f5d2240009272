import { describe, expect, test } from 'vitest'
import type { LogState } from '../../src/session/state.ts'
import { SessionBuried } from '../../src/store/buried.ts'
import { ApiError } from '../../src/wire/errors.ts'
import type { Answer } from './resource-world.ts'
import { REPOSITORY, URL, existing, mounting, store } from './resource-world.ts'

describe('a file that is added to a session', () => {
  test('is copied, indexed and in the log, and shown from then on', async () => {
    const opened = existing({ status: 'running' })
    const { world, send, updates } = opened
    const original = await store(opened, { size: 5 })
    const added = await send('POST', URL, mounting(original, 'b/c.csv'))
    expect(added).toMatchObject({ code: 200, type: 'file', mount_path: '/mnt/session/uploads/b/c.csv' })
    expect(world.files.rows.get(added.file_id)).toMatchObject({ scopeId: 'sesn_1', size: 5 })
    expect(updates).toMatchObject([{ change: { resources: { add: { id: added.id, size: 5 } } } }])
    const { code: _, ...shown } = added
    expect(await send('GET', `${URL}/${added.id}`)).toEqual({ code: 200, ...shown })
    expect((await send('GET', URL)).data).toEqual([shown])
  })

  test('is the same when the request comes again', async () => {
    const opened = existing()
    const original = await store(opened)
    const key = { 'idempotency-key': 'k1' }
    const add = (): Promise<Answer> => opened.send('POST', URL, mounting(original), key)
    const [first, second] = [await add(), await add()]
    expect(second).toEqual(first)
    await opened.send('DELETE', `/v1/files/${original}`)
    expect(await add()).toEqual(first)
    expect(opened.world.files.rows.size).toBe(1)
    await opened.send('DELETE', `${URL}/${first.id}`)
    expect(await add()).toMatchObject({ code: 404, error: { message: expect.stringContaining('was removed') } })
  })

  test('is brought to its end by a retry, also when the one before it was heard', async () => {
    const key = { 'idempotency-key': 'k1' }
    const opened = existing()
    const original = await store(opened)
    const { context, world } = opened
    const { configure } = context.workflows
    let tries = 0
    context.workflows.configure = async (...asked) => {
      tries++
      const verdict = await configure(...asked)
      if (tries === 1) throw new Error('the answer is lost')
      return tries === 2 ? { refused: 'The session is terminated and cannot change.' } : verdict
    }
    expect((await opened.send('POST', URL, mounting(original), key)).code).toBe(500)
    const [id] = world.view.state.resources ?? []
    expect(await opened.send('POST', URL, mounting(original), key)).toMatchObject({ code: 200, id })
    expect(world.view.state.resources).toEqual([id])
    expect([...world.files.rows.values()].filter(({ scopeId }) => scopeId !== null)).toHaveLength(1)
  })

  test('stays removed when it was heard, removed by somebody else, and is sent again', async () => {
    const opened = existing()
    const { context, world, send } = opened
    const original = await store(opened)
    const key = { 'idempotency-key': 'k1' }
    const { configure } = context.workflows
    context.workflows.configure = async (...asked) => {
      await configure(...asked)
      throw new Error('the answer is lost')
    }
    expect((await send('POST', URL, mounting(original, '/a'), key)).code).toBe(500)
    const listed = async () => (await context.resources.listed(['sesn_1'])).get('sesn_1')
    expect(await listed()).toEqual([])
    const [id] = world.view.state.resources ?? []
    context.workflows.configure = configure
    expect((await send('DELETE', `${URL}/${id}`)).code).toBe(200)
    // An update that was done answers what it answered, and does nothing.
    context.workflows.configure = async () => ({ refused: null })
    const error = { message: `The resource ${id} was removed from session sesn_1.` }
    expect(await send('POST', URL, mounting(original, '/a'), key)).toMatchObject({ code: 404, error })
    expect(await listed()).toEqual([])
    context.workflows.configure = configure
    expect((await send('POST', URL, mounting(original, '/a'))).code).toBe(200)
    expect(await listed()).toHaveLength(1)
  })

  test('is refused where the paths are too long together', async () => {
    const opened = existing()
    const { world, send } = opened
    const original = await store(opened)
    await send('POST', URL, mounting(original, '/a'))
    const [row] = world.resources.values()
    if (!row) throw new Error('expected a row')
    for (let at = 0; at < 64; at++) {
      const path = `/mnt/session/uploads/${at}/${'é'.repeat(127)}/`.padEnd(4_000, 'x')
      const resource = { ...row.resource, id: `sesrsc_${at}`, mount_path: path }
      world.resources.set(resource.id, { ...row, resource })
    }
    const long = 'x'.repeat(250)
    const answer = await send('POST', URL, mounting(original, `${long}/${long}`))
    const message = expect.stringMatching(
      /^resources: expected mount paths of at most 262144 bytes together, got 26\d{4}$/,
    )
    expect(answer).toMatchObject({ code: 400, error: { message } })
  })

  test('leaves nothing when the session ends before it', async () => {
    const opened = existing()
    const original = await store(opened)
    opened.context.workflows.configure = async () => ({ refused: 'The session is terminated and cannot change.' })
    expect(await opened.send('POST', URL, mounting(original))).toMatchObject({ code: 400 })
    expect([...opened.world.files.rows.keys()]).toEqual([original])
    expect([...opened.world.resources.values()].filter(({ isRemoved }) => !isRemoved)).toEqual([])
  })

  test('takes the place of what a dead request has left, and of nothing younger', async () => {
    const opened = existing()
    const { world, send } = opened
    const original = await store(opened)
    const { id } = await send('POST', URL, mounting(original, '/a'))
    // As if the log had never heard of it.
    world.view = { ...world.view, state: { ...world.view.state, resources: [] } }
    const taken = { code: 400, error: { message: 'mount_path: /mnt/session/uploads/a is taken' } }
    expect(await send('POST', URL, mounting(original, '/a'))).toMatchObject(taken)
    const row = world.resources.get(id)
    if (!row) throw new Error('expected a row')
    world.resources.set(id, { ...row, updatedAt: new Date(Date.now() - 61_000) })
    expect((await send('POST', URL, mounting(original, '/a'))).code).toBe(200)
    expect(world.resources.get(id)?.isRemoved).toBe(true)
  })

  test('is refused below a file that is there, where there are 500, and once the session is over', async () => {
    const opened = existing()
    const { world, send } = opened
    const original = await store(opened)
    await send('POST', URL, mounting(original, '/a'))
    const message =
      'mount_path: /mnt/session/uploads/a/b and /mnt/session/uploads/a, which is there, exclude each other'
    expect(await send('POST', URL, mounting(original, '/a/b'))).toMatchObject({ code: 400, error: { message } })
    expect(world.files.rows.size).toBe(2)
    const [row] = world.resources.values()
    if (!row) throw new Error('expected a row')
    for (let at = 1; at < 500; at++) {
      const resource = { ...row.resource, id: `sesrsc_${at}`, mount_path: `/mnt/session/uploads/f${at}` }
      world.resources.set(resource.id, { ...row, resource })
    }
    const full = { message: 'resources: expected at most 500, and the session has as many' }
    expect(await send('POST', URL, mounting(original, '/z'))).toMatchObject({ code: 400, error: full })
    world.view = { ...world.view, state: { ...world.view.state, status: 'terminated' } }
    const over = { message: 'The session is terminated and cannot change.' }
    expect(await send('POST', URL, mounting(original, '/y'))).toMatchObject({ code: 400, error: over })
  })

  test.each<[string, Partial<LogState>, object, number, string]>([
    ['a file that is missing', {}, mounting('file_x'), 404, 'file_id: no file file_x'],
    ['a repository', {}, REPOSITORY, 400, 'type: expected "file", got "github_repository"'],
    [
      'anything, where the sandboxes are the user’s own',
      { selfHosted: true },
      mounting('file_x'),
      400,
      'is self-hosted',
    ],
  ])('is refused with %s', async (_, state, body, status, says) => {
    const answer = await existing(state).send('POST', URL, body)
    expect(answer).toMatchObject({ code: status, error: { message: expect.stringContaining(says) } })
  })

  test('is refused for a path by the field’s own name', async () => {
    const opened = existing()
    const original = await store(opened)
    for (const path of ['a//b', '..', 'a/../b']) {
      const answer = await opened.send('POST', URL, mounting(original, path))
      expect([answer.code, answer.error.message]).toEqual([
        400,
        expect.stringMatching(/^mount_path: expected a path without empty names/),
      ])
    }
  })

  test('keeps its bytes when a retry fails before it knows what became of the try before it', async () => {
    const opened = existing()
    const { context, world, send } = opened
    const original = await store(opened)
    const key = { 'idempotency-key': 'k1' }
    const { configure } = context.workflows
    context.workflows.configure = async (...asked) => {
      await configure(...asked)
      throw new Error('the answer is lost')
    }
    expect((await send('POST', URL, mounting(original), key)).code).toBe(500)
    for (const error of [new Error('connection reset'), new ApiError('invalid_request', 'mount_path: is taken')]) {
      context.resources.add = () => Promise.reject(error)
      expect((await send('POST', URL, mounting(original), key)).code).toBeGreaterThanOrEqual(400)
      const shown = (await send('GET', URL)).data[0]
      expect(world.files.rows.has(shown.file_id)).toBe(true)
    }
  })

  test('is a 404 when the session was deleted meanwhile', async () => {
    const opened = existing()
    const original = await store(opened)
    opened.context.resources.add = async () => {
      throw new SessionBuried('sesn_1')
    }
    expect(await opened.send('POST', URL, mounting(original))).toMatchObject({ code: 404 })
    expect([...opened.world.files.rows.keys()]).toEqual([original])
  })
})
