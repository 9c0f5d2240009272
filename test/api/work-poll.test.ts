import { EventEmitter, once } from 'node:events'
import { request as ask } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { SHOWN, buildItem, workScene } from './work-scene.ts'

describe('polling', () => {
  test('answers an item with a secret that decodes to its token', async () => {
    const { send, work } = workScene([buildItem()])
    const { status, body } = await send('environment', 'GET /poll')
    expect([status, body]).toEqual([200, { ...SHOWN, secret: expect.any(String) }])
    const token = JSON.parse(Buffer.from(body.secret, 'base64url').toString())
    expect(token).toEqual({ sessions_token: work.tokens[0] })
    expect(work.tokens[0]).toMatch(/^lh_work_[\w-]{32}$/)
  })

  test('answers JSON null, byte for byte, when there is nothing', async () => {
    const { send } = workScene()
    const { status, text, headers } = await send('environment', 'GET /poll')
    expect([status, text, headers['content-type'], headers['content-length']]).toEqual([
      200,
      'null',
      'application/json; charset=utf-8',
      '4',
    ])
  })

  test('waits for a word of work, and looks again', async () => {
    let waits = 0
    const { send } = workScene([], (work) => ({
      workFeed: {
        listen: () => ({
          heard: async () => {
            waits += 1
            if (waits === 2) work.items.set('work_1', buildItem())
          },
          end: () => undefined,
        }),
      },
    }))
    const { body } = await send('environment', 'GET /poll?block_ms=999')
    expect([body.id, waits]).toEqual(['work_1', 2])
  })

  test('without block_ms waits for nothing', async () => {
    const { send } = workScene([], () => ({
      workFeed: { listen: () => ({ heard: () => Promise.reject(new Error('waited')), end: () => undefined }) },
    }))
    expect((await send('environment', 'GET /poll')).text).toBe('null')
  })

  test('gives nothing to a client that has left', async () => {
    const told = new EventEmitter()
    const { app, work } = workScene([], () => ({
      workFeed: {
        listen: () => ({
          heard: async () => {
            told.emit('waiting')
            await once(told, 'end')
          },
          end: () => told.emit('end'),
        }),
      },
    }))
    const [waiting, ended] = [once(told, 'waiting'), once(told, 'end')]
    const base = await app.listen({ host: '127.0.0.1', port: 0 })
    onTestFinished(() => app.close())
    const call = ask(`${base}/v1/environments/env_own/work/poll?block_ms=999`, {
      headers: { authorization: 'Bearer environment' },
    })
    call.on('error', () => undefined).end()
    await waiting
    work.items.set('work_1', buildItem())
    call.destroy()
    await ended
    await app.close()
    expect([work.tokens, work.items.get('work_1')?.polledAt]).toEqual([[], null])
  })

  test('notes who polls', async () => {
    const { send, work } = workScene()
    await send('environment', 'GET /poll', undefined, { 'anthropic-worker-id': 'host-1' })
    await send('environment', 'GET /poll')
    expect(work.polls).toEqual([{ environmentId: 'env_own', worker: 'host-1' }])
  })

  test.each(['block_ms=0', 'block_ms=1000', 'block_ms=1.5', 'block_ms=x', 'reclaim_older_than_ms=-1', 'limit=1'])(
    'refuses %s',
    async (query) => {
      const { status, body } = await workScene([buildItem()]).send('environment', `GET /poll?${query}`)
      expect([status, body.error.message]).toEqual([400, expect.stringContaining(query.split('=')[0] ?? '')])
    },
  )

  test.each([
    ['long', 'x'.repeat(257)],
    ['not of ASCII', 'h\u00f6st'],
  ])('refuses the name of a worker that is %s', async (_, worker) => {
    const { send } = workScene()
    const { status, body } = await send('environment', 'GET /poll', undefined, { 'anthropic-worker-id': worker })
    expect([status, body.error.message]).toEqual([400, expect.stringContaining('anthropic-worker-id')])
  })
})
