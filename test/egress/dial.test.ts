import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDial } from '../../src/egress/dial.ts'

let server: Server
let port = 0
beforeAll(async () => {
  // Clients here leave at once.
  server = createServer((socket) => socket.on('error', () => {}).end('hello')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(() => server.close())

function failing(code: string): () => Promise<readonly string[]> {
  return () => Promise.reject(Object.assign(new Error(code), { code }))
}

describe('dialling', () => {
  test('connects to what was looked at, and asks for the name once', async () => {
    let asked = 0
    // A name that leads elsewhere when it is asked for again.
    const resolve = async () => (asked++ === 0 ? ['127.0.0.1'] : ['192.0.2.1'])
    const socket = await createDial({ resolve, isOpen: (address) => address === '127.0.0.1' })({ host: 'a.test', port })
    expect([socket.remoteAddress, asked]).toEqual(['127.0.0.1', 1])
    socket.destroy()
  })

  test('passes over addresses that are not open', async () => {
    const resolve = async () => ['10.0.0.1', '127.0.0.1']
    const socket = await createDial({ resolve, isOpen: (address) => address !== '10.0.0.1' })({ host: 'a.test', port })
    expect(socket.remoteAddress).toBe('127.0.0.1')
    socket.destroy()
  })

  test.each([
    '127.0.0.1',
    '169.254.169.254',
    '10.0.0.1',
    '::1',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
    'fd00:ec2::254',
  ])('refuses %s by itself and behind a name', async (address) => {
    const sentence = /has no public address, and others cannot be reached from this sandbox/
    await expect(createDial()({ host: address, port })).rejects.toThrow(sentence)
    const dial = createDial({ resolve: async () => [address] })
    await expect(dial({ host: 'rebound.test', port })).rejects.toMatchObject({
      status: 403,
      message: expect.stringMatching(sentence),
    })
  })

  test('tells what has no address like what has none that is public', async () => {
    const unknown = createDial({ resolve: failing('ENOTFOUND') })({ host: 'a.test', port })
    const inner = createDial({ resolve: async () => ['10.0.0.1'] })({ host: 'a.test', port })
    const [one, other] = await Promise.all([unknown, inner].map((dialled) => dialled.catch((error: unknown) => error)))
    expect(one).toBeInstanceOf(Error)
    expect(one).toEqual(other)
  })

  test('says when names cannot be looked up, and when nobody listens', async () => {
    const dial = createDial({ resolve: failing('EAI_AGAIN') })
    await expect(dial({ host: 'a.test', port })).rejects.toMatchObject({
      status: 502,
      message: expect.stringContaining('cannot be looked up just now'),
    })
    const open = createDial({ isOpen: () => true })
    await expect(open({ host: '127.0.0.1', port: 1 })).rejects.toMatchObject({
      status: 502,
      message: '127.0.0.1:1 does not answer (ECONNREFUSED).',
    })
  })

  test('gives up a name server that says nothing', async () => {
    const dial = createDial({ resolve: () => new Promise(() => {}), patienceMs: 10 })
    await expect(dial({ host: 'a.test', port })).rejects.toMatchObject({ status: 504 })
  })
})
