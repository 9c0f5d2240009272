import { once } from 'node:events'
import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Subscriber } from '../../src/history/session-log.ts'
import { AUTHORIZED, createFakeApp, storeSession } from './fakes.ts'
import { buildView } from './view-builder.ts'

function promised<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((settle) => (resolve = settle))
  return { promise, resolve }
}

/** A server whose log subscribes when the test lets it. */
async function serve() {
  const asked = promised<Subscriber>()
  const granted = promised<void>()
  const cancelled = promised<void>()
  const left = promised<void>()
  const { app, world } = createFakeApp((held) => ({
    log: {
      ...createFakeApp().context.log,
      subscribe: async (_, subscriber) => {
        asked.resolve(subscriber)
        await granted.promise
        return { view: held.view, cancel: () => cancelled.resolve() }
      },
    },
  }))
  storeSession(world, 'sesn_1')
  app.server.once('connection', (socket) => socket.once('close', () => left.resolve()))
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => app.close())
  const request = get(`${base}/v1/sessions/sesn_1/events/stream`, { headers: AUTHORIZED })
  request.on('error', () => undefined)
  return {
    request,
    asked: asked.promise,
    grant: () => granted.resolve(),
    cancelled: cancelled.promise,
    /** Resolves when the server has seen the client leave. */
    left: left.promise,
  }
}

const { items } = buildView([
  { do: 'queue', id: 'm1', at: 1 },
  { do: 'hide', at: 2 },
  { do: 'take', id: 'm1', at: 3 },
])

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

describe('a stream', () => {
  test('brings what is added from its subscription on, as messages, and ends with the log', async () => {
    const { request, asked, grant, cancelled } = await serve()
    const subscriber = await asked
    subscriber.added(items.slice(0, 1))
    grant()
    const [response] = await once(request, 'response')
    expect(response.headers).toMatchObject({ 'content-type': expect.stringMatching(/^text\/event-stream/) })
    expect(response.headers['request-id']).toMatch(/^req_01/)
    subscriber.added(items.slice(1))
    subscriber.ended()
    const frames = (await textOf(response)).trimEnd().split('\n\n')
    expect(frames.map((frame) => frame.split('\n')[0])).toEqual(['event: message', 'event: message'])
    const data = frames.map((frame) => JSON.parse(frame.split('\n')[1]?.replace('data: ', '') ?? ''))
    expect(data.map(({ id, processed_at: at }) => [id, at === null])).toEqual([
      ['m1', true],
      ['m1', false],
    ])
    await cancelled
  })

  test('of a log that has ended already opens and ends', async () => {
    const { request, asked, grant } = await serve()
    ;(await asked).ended()
    grant()
    const [response] = await once(request, 'response')
    expect([response.statusCode, await textOf(response)]).toEqual([200, ''])
  })

  test('gives its subscription back when the client leaves', async () => {
    const { request, asked, grant, cancelled } = await serve()
    await asked
    grant()
    await once(request, 'response')
    request.destroy()
    await expect(cancelled).resolves.toBeUndefined()
  })

  test('gives its subscription back when the client left before it was there', async () => {
    const { request, asked, grant, cancelled, left } = await serve()
    await asked
    request.destroy()
    await left
    grant()
    await expect(cancelled).resolves.toBeUndefined()
  })

  test('cuts off a client that does not read, and holds no more for it', async () => {
    const { request, asked, grant, cancelled } = await serve()
    const subscriber = await asked
    grant()
    const [response] = await once(request, 'response')
    response.pause()
    const content = [{ type: 'text' as const, text: 'x'.repeat(1024 * 1024) }]
    const shown = { id: 'a', type: 'agent.message' as const, content, processed_at: '' }
    // More than the buffers of both ends and the network between them hold.
    subscriber.added(items.flatMap((item) => Array.from({ length: 16 }, () => ({ ...item, shown }))))
    await expect(cancelled).resolves.toBeUndefined()
  })
})
