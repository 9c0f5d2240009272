import { once } from 'node:events'
import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { LogItem } from '../../src/history/project.ts'
import type { Subscriber } from '../../src/history/session-log.ts'
import { itemsOf } from '../support/session-log-builders.ts'
import { AUTHORIZED, createFakeApp, storeSession } from './fakes.ts'
import type { FramedBatch } from '../../src/api/preview-feed.ts'
import type { Step } from './view-builder.ts'
import { buildView } from './view-builder.ts'

function promised<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((settle) => (resolve = settle))
  return { promise, resolve }
}

interface Serving {
  readonly query?: string
  readonly headers?: Record<string, string>
  readonly steps?: readonly Step[]
  /** Whether the caller's key is good; it is, if not given. */
  readonly isValid?: () => boolean
}

/** A server whose log subscribes when the test lets it. */
async function serve({ query = '', headers = {}, steps = [], isValid = () => true }: Serving = {}) {
  const asked = promised<Subscriber>()
  const granted = promised<void>()
  const cancelled = promised<void>()
  const left = promised<void>()
  const previews = new Set<(batch: FramedBatch) => void>()
  const subscribers: Subscriber[] = []
  const { callers } = createFakeApp().context
  const { app, world } = createFakeApp(() => ({
    callers: { verify: async (secret) => (isValid() ? callers.verify(secret) : null) },
    log: {
      ...createFakeApp().context.log,
      subscribe: async (_, subscriber) => {
        subscribers.push(subscriber)
        asked.resolve(subscriber)
        await granted.promise
        return { view: buildView(steps), cancel: () => cancelled.resolve() }
      },
    },
    previews: {
      listen: (_, listener) => {
        previews.add(listener)
        return () => previews.delete(listener)
      },
    },
  }))
  storeSession(world, 'sesn_1')
  app.server.once('connection', (socket) => socket.once('close', () => left.resolve()))
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => app.close())
  const url = `${base}/v1/sessions/sesn_1/events/stream${query}`
  const request = get(url, { headers: { ...AUTHORIZED, ...headers } })
  request.on('error', () => undefined)
  return {
    url,
    request,
    subscribers,
    asked: asked.promise,
    grant: () => granted.resolve(),
    cancelled: cancelled.promise,
    /** Resolves when the server has seen the client leave. */
    left: left.promise,
    previews,
  }
}

const STEPS: readonly Step[] = [
  { do: 'queue', id: 'm1', at: 1 },
  { do: 'hide', at: 2 },
  { do: 'take', id: 'm1', at: 3 },
]
const items = itemsOf(buildView(STEPS))

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

describe('a stream', () => {
  test('brings what is added from its subscription on, as messages, and ends with the log', async () => {
    const { request, asked, grant, cancelled } = await serve({ headers: { accept: 'application/json' } })
    const subscriber = await asked
    subscriber.added(items.slice(0, 1), [])
    grant()
    const [response] = await once(request, 'response')
    expect(response.headers).toMatchObject({ 'content-type': expect.stringMatching(/^text\/event-stream/) })
    expect(response.headers['request-id']).toMatch(/^req_01/)
    subscriber.added(items.slice(1), [])
    subscriber.ended()
    const frames = (await textOf(response)).trimEnd().split('\n\n')
    expect(frames.map((frame) => frame.split('\n')[0])).toEqual(['event: message', 'event: message'])
    expect(frames.map((frame) => frame.split('\n')[1])).toEqual(['id: 1.1.0', 'id: 1.3.0'])
    const data = frames.map((frame) => JSON.parse(frame.split('\n')[2]?.replace('data: ', '') ?? ''))
    expect(data.map(({ id, processed_at: at }) => [id, at === null])).toEqual([
      ['m1', true],
      ['m1', false],
    ])
    await cancelled
  })

  test('is kept alive for as long as nothing happens', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const { request, asked, grant, cancelled } = await serve()
    const subscriber = await asked
    grant()
    const [response] = await once(request, 'response')
    // An hour: one beat for every check of the key, which takes a moment of its own.
    for (let beat = 0; beat < 240; beat++) {
      vi.advanceTimersByTime(15_000)
      const [frame] = await once(response, 'data')
      expect(String(frame)).toBe(': keep-alive\n\n')
    }
    subscriber.added(items.slice(0, 1), [])
    expect(String((await once(response, 'data'))[0])).toMatch(/^event: message\n/)
    subscriber.ended()
    await once(response, 'end')
    await cancelled
  })

  test('ends soon after its key was revoked', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    let isValid = true
    const { request, asked, grant, cancelled } = await serve({ isValid: () => isValid })
    await asked
    grant()
    const [response] = await once(request, 'response')
    vi.advanceTimersByTime(15_000)
    const [keptAlive] = await once(response, 'data')
    expect(String(keptAlive)).toBe(': keep-alive\n\n')
    isValid = false
    vi.advanceTimersByTime(15_000)
    response.resume()
    await once(response, 'end')
    await expect(cancelled).resolves.toBeUndefined()
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

  test('ends for a client that does not read with a word about it, and holds no more for it', async () => {
    const { request, asked, grant, cancelled } = await serve()
    const subscriber = await asked
    grant()
    const [response] = await once(request, 'response')
    response.pause()
    // More than the buffers of both ends and the network between them hold.
    subscriber.added(megabytes(16), [])
    await expect(cancelled).resolves.toBeUndefined()
    subscriber.added(items, [])
    subscriber.ended()
    const frames = (await textOf(response)).trimEnd().split('\n\n')
    expect(frames).toHaveLength(17)
    const [name, data = ''] = frames.at(-1)?.split('\n') ?? []
    expect(name).toBe('event: error')
    expect(JSON.parse(data.replace('data: ', ''))).toMatchObject({
      type: 'error',
      error: { type: 'overloaded_error', message: expect.stringContaining('not read fast enough') },
      request_id: response.headers['request-id'],
    })
  })

  test('brings everything to a client that stands still for minutes while it is filled', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const { request, asked, grant } = await serve()
    const subscriber = await asked
    // Less than may wait, and more than the buffers between both ends hold.
    subscriber.added(megabytes(7), [])
    grant()
    const [response] = await once(request, 'response')
    response.pause()
    for (let round = 0; round < 100; round++) await new Promise((resolve) => setImmediate(resolve))
    vi.advanceTimersByTime(150_000)
    subscriber.added(items, [])
    subscriber.ended()
    const frames = (await textOf(response)).trimEnd().split('\n\n')
    expect(frames.map((frame) => frame.split('\n')[0])).toEqual(Array.from({ length: 9 }, () => 'event: message'))
  })

  test('is not hurt by another reader of the session who reads nothing', async () => {
    const { request, url, asked, grant, subscribers, cancelled } = await serve()
    await asked
    grant()
    const [slow] = await once(request, 'response')
    slow.pause()
    const [quick] = await once(get(url, { headers: AUTHORIZED }), 'response')
    const text = textOf(quick)
    for (let batch = 0; batch < 16; batch++) {
      for (const subscriber of subscribers) subscriber.added(megabytes(1), [])
      // As long as the quick one takes for it.
      await new Promise((resolve) => setImmediate(resolve))
    }
    for (const subscriber of subscribers) subscriber.ended()
    await cancelled
    expect(subscribers).toHaveLength(2)
    const frames = (await text).trimEnd().split('\n\n')
    expect(frames).toHaveLength(16)
    expect(frames.every((frame) => frame.startsWith('event: message\n'))).toBe(true)
  })

  test('goes on from a Last-Event-ID with what stands behind it, and then with what comes', async () => {
    const { request, asked, grant } = await serve({ steps: STEPS, headers: { 'last-event-id': '1.1.0' } })
    const subscriber = await asked
    const more = itemsOf(buildView([...STEPS, { do: 'say', id: 'a1', at: 4 }])).slice(3)
    grant()
    subscriber.added(more, [])
    subscriber.ended()
    const [response] = await once(request, 'response')
    expect([...(await textOf(response)).matchAll(/^id: (.*)$/gm)].map(([, id]) => id)).toEqual(['1.3.0', '1.4.0'])
  })

  test.each([
    ['of a private record', '1.2.0'],
    ['of the future', '1.4.0'],
  ])('is refused to a Last-Event-ID that is %s, and gives its subscription back', async (_, id) => {
    const { request, grant, cancelled } = await serve({ steps: STEPS, headers: { 'last-event-id': id } })
    grant()
    const [response] = await once(request, 'response')
    expect(response.statusCode).toBe(400)
    expect(JSON.parse(await textOf(response)).error).toMatchObject({
      type: 'invalid_request_error',
      message: expect.stringMatching(/^last-event-id: /),
    })
    await expect(cancelled).resolves.toBeUndefined()
  })

  test.each([
    ['malformed', 'sevt_1'],
    ['longer than headers may be', '1'.repeat(32 * 1024)],
  ])('is refused at once to a Last-Event-ID that is %s', async (_, id) => {
    const { request } = await serve({ headers: { 'last-event-id': id } })
    const [response] = await once(request, 'response')
    expect(response.statusCode).toBe(400)
  })

  test.each([
    ['?event_deltas[]=agent.message&event_deltas[]=agent.thinking', 200],
    ['?event_deltas%5B%5D=agent.thinking', 200],
    ['?event_deltas[]=agent.tool_use', 400],
    ['?event_deltas[]=', 400],
    ['?event_deltas=agent.message', 400],
    [`?${Array.from({ length: 101 }, () => 'event_deltas[]=agent.message').join('&')}`, 400],
  ])('listens to previews when they are asked for rightly: %s', async (query, status) => {
    const { request, grant, previews } = await serve({ query })
    grant()
    const [response] = await once(request, 'response')
    expect(response.statusCode).toBe(status)
    expect(previews.size).toBe(status === 200 ? 1 : 0)
  })

  test('listens to no previews when none are asked for, and to none any more when it has ended', async () => {
    const without = await serve()
    without.grant()
    await once(without.request, 'response')
    expect(without.previews.size).toBe(0)
    const asking = await serve({ query: '?event_deltas[]=agent.message' })
    asking.grant()
    const subscriber = await asking.asked
    await once(asking.request, 'response')
    subscriber.ended()
    expect(asking.previews.size).toBe(0)
  })
})

function megabytes(count: number): readonly LogItem[] {
  const content = [{ type: 'text' as const, text: 'x'.repeat(1024 * 1024) }]
  const shown = { id: 'a', type: 'agent.message' as const, content, processed_at: '' }
  return items.slice(0, 1).flatMap((item) => Array.from({ length: count }, () => ({ ...item, shown })))
}
