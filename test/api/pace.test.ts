import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { keepPace } from '../../src/api/pace.ts'
import { openSocket } from '../sdk/raw-http.ts'
import { createManualTimers } from '../support/manual-timers.ts'

const LENGTH = 2 * 1024 * 1024
const LOOK_MS = 5_000

/** A request of which the head has arrived, watched while others wait, or do not. */
async function begin(others = { wait: true }) {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const requested = new Promise<[IncomingMessage, ServerResponse]>((resolve) => {
    server.once('request', (...both) => resolve(both))
  })
  const head = `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${LENGTH}\r\n\r\n`
  const client = await openSocket(`http://127.0.0.1:${port}`, head)
  onTestFinished(() => void client.destroy())
  const [request, response] = await requested
  const timers = createManualTimers()
  const ended: string[] = []
  const stop = keepPace(request, response, {
    after: timers.after,
    isHurried: () => others.wait,
    tooSlow: () => void ended.push('too slow'),
  })
  let read = 0
  request.on('data', (chunk: Buffer) => (read += chunk.length))
  async function send(bytes: number): Promise<void> {
    const all = read + bytes
    client.write(Buffer.alloc(bytes))
    await expect.poll(() => read).toBe(all)
  }
  return { others, request, response, timers, ended, stop, send }
}

describe('the pace of a client', () => {
  test('that sends a byte now and then is too slow once others wait', async () => {
    const { others, timers, ended, send } = await begin({ wait: false })
    await send(1)
    timers.advance(LOOK_MS)
    expect(ended).toEqual([])
    others.wait = true
    await send(1)
    timers.advance(LOOK_MS)
    expect([ended, timers.pending]).toEqual([['too slow'], 0])
  })

  test('that goes on sending is not', async () => {
    const { timers, ended, send } = await begin()
    for (let n = 0; n < 4; n++) {
      await send(400 * 1024)
      timers.advance(LOOK_MS)
    }
    expect(ended).toEqual([])
  })

  test('is not asked for while its request is handled', async () => {
    const { timers, ended, send, stop } = await begin()
    await send(LENGTH)
    for (let n = 0; n < 4; n++) timers.advance(LOOK_MS)
    expect(ended).toEqual([])
    stop()
    expect(timers.pending).toBe(0)
  })

  test('that does not read its answer is too slow', async () => {
    const { response, timers, ended, send } = await begin()
    await send(LENGTH)
    response.end(Buffer.alloc(64 * 1024 * 1024))
    // What is under way by itself, into the buffers in between.
    await expect.poll(() => response.writableLength).toBeGreaterThan(0)
    timers.advance(LOOK_MS)
    expect(ended).toEqual([])
    timers.advance(LOOK_MS)
    expect(ended).toEqual(['too slow'])
  })
})
