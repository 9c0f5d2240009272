import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isArrivingSlowly, letArriveSlowly } from '../../src/api/slow-arrival.ts'

const HEAD = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n'

/** A request of which half has arrived, and its client. */
async function half() {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.on('error', () => undefined)
  onTestFinished(() => void client.destroy())
  client.write(`${HEAD}half`)
  const [request]: IncomingMessage[] = await once(server, 'request')
  if (!request) throw new Error('expected a request')
  request.on('error', () => undefined)
  return { request, client }
}

describe('a request that may arrive slowly', () => {
  test('is known by its connection until it has arrived', async () => {
    const { request } = await half()
    expect(isArrivingSlowly(request.socket)).toBe(false)
    const hasArrived = letArriveSlowly(request)
    expect(isArrivingSlowly(request.socket)).toBe(true)
    hasArrived()
    expect(isArrivingSlowly(request.socket)).toBe(false)
    expect(request.socket.timeout).toBe(0)
    expect(request.socket.listenerCount('timeout')).toBe(1)
  })

  test.each([
    ['its client says nothing', { silenceMs: 30, totalMs: 60_000 }],
    ['it takes too long', { silenceMs: 60_000, totalMs: 30 }],
  ])('is ended when %s', async (_, limits) => {
    const { request, client } = await half()
    const ended = once(client, 'close')
    letArriveSlowly(request, limits)
    await ended
    expect(request.socket.destroyed).toBe(true)
  })
})
