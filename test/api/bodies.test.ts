import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { InjectOptions } from 'fastify'
import { fastify } from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BODY_LIMIT, NO_BODY, acceptJson } from '../../src/api/bodies.ts'
import { ApiError } from '../../src/wire/errors.ts'
import { openSocket } from '../sdk/raw-http.ts'
import { createManualTimers } from '../support/manual-timers.ts'
import { settle } from '../support/session-log-builders.ts'

/** A server with one route, which answers when it is told to. */
function createServer() {
  const timers = createManualTimers()
  const refused: string[] = []
  const held: (() => void)[] = []
  const app = fastify({ bodyLimit: BODY_LIMIT })
  app.decorateRequest('bodyHash', NO_BODY)
  app.removeAllContentTypeParsers()
  acceptJson(app, { after: timers.after, refused: ({ bodyHash }) => void refused.push(bodyHash) })
  app.setErrorHandler((error, _, reply) => reply.code(error instanceof ApiError ? 529 : 500).send(String(error)))
  app.post('/', async ({ bodyHash }) => {
    await new Promise<void>((resolve) => held.push(resolve))
    return bodyHash
  })
  async function post(options: InjectOptions): Promise<{ status: number; text: string }> {
    const { statusCode, body } = await app.inject({ method: 'POST', url: '/', ...options })
    return { status: statusCode, text: body }
  }
  /** One that does not say how long it is, and so counts for as long as any. */
  const large = () => post({ headers: { 'transfer-encoding': 'chunked' }, payload: '{"a":1}' })
  /** Lets all run that can. */
  const rest = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await settle()
  }
  return { app, timers, refused, held, post, large, rest }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

describe('bodies', () => {
  test('wait unread while as many are held as there is room for, and are let in when one is answered', async () => {
    const { held, large, rest } = createServer()
    const answers = Array.from({ length: 5 }, large)
    await rest()
    expect(held).toHaveLength(3)
    held[0]?.()
    expect(await answers[0]).toEqual({ status: 200, text: sha256('{"a":1}') })
    await rest()
    expect(held).toHaveLength(4)
  })

  test('that find no room in time are refused, and known by what was not kept of them', async () => {
    const { timers, refused, held, post, large, rest } = createServer()
    for (let n = 0; n < 3; n++) void large()
    await rest()
    const payload = JSON.stringify({ text: 'x'.repeat(2 * 1024 * 1024) })
    const answer = post({ payload })
    await rest()
    timers.advance(20_000)
    expect(await answer).toMatchObject({ status: 529, text: expect.stringContaining('try again') })
    expect(refused).toEqual([sha256(payload)])
    held[0]?.()
    await rest()
    const again = post({ payload })
    await rest()
    held[3]?.()
    expect(await again).toEqual({ status: 200, text: sha256(payload) })
  })

  test('that are small have room beside large ones', async () => {
    const { held, post, large, rest } = createServer()
    for (let n = 0; n < 4; n++) void large()
    await rest()
    void post({ payload: '{"stop":true}' })
    await rest()
    expect(held).toHaveLength(4)
  })

  test('of clients that keep others waiting make way for these', async () => {
    const { app, timers, held, large, rest } = createServer()
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    onTestFinished(() => app.close())
    const head = `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${BODY_LIMIT}\r\n\r\n`
    const slow = await Promise.all([1, 2, 3].map(() => openSocket(url, head)))
    await expect.poll(() => timers.pending).toBe(6)
    void large()
    await rest()
    expect(held).toHaveLength(0)
    timers.advance(5_000)
    await Promise.all(slow.map((socket) => once(socket.resume(), 'end')))
    await expect.poll(() => held).toHaveLength(1)
  })

  test('whose answers nobody reads are held no longer than a while', async () => {
    const { app, timers, held, rest, large } = createServer()
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    onTestFinished(() => app.close())
    const body = '{"a":1}'
    const head = 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n'
    const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
    const clients = await Promise.all([1, 2, 3].map(() => openSocket(url, head + chunked)))
    await expect.poll(() => held).toHaveLength(3)
    timers.advance(180_000)
    await Promise.all(clients.map((socket) => once(socket.resume(), 'end')))
    void large()
    await rest()
    await expect.poll(() => held).toHaveLength(4)
  })

  test('are held no longer than a while by who neither sends nor reads', async () => {
    const { timers, held, large, rest } = createServer()
    const answers = [large(), large(), large()]
    for (const answer of answers) answer.catch(() => undefined)
    await rest()
    timers.advance(180_000)
    for (const release of held) release()
    await rest()
    expect(timers.pending).toBe(0)
    void large()
    await rest()
    expect(held).toHaveLength(4)
  })
})
