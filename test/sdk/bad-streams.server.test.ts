import type { Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createSession, listAll, message, record, settled, turn } from './drive.ts'
import { openSocket } from './raw-http.ts'
import { useStack } from './use-stack.ts'

const STREAMS = 1_000
/** Connections to the store, opened as they are needed. */
const POOL = 10
const use = useStack()

function requestOf(session: string): string {
  return `GET /v1/sessions/${session}/events/stream HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${use().stack.apiKey}\r\n\r\n`
}

/** A stream that is open, on a connection that reads no further than its headers. */
async function openStream(session: string): Promise<Socket> {
  const socket = await openSocket(use().stack.urls[0] ?? '', requestOf(session))
  onTestFinished(() => void socket.destroy())
  const head = await new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(chunk.toString())))
  socket.pause()
  expect(head).toMatch(/^HTTP\/1\.1 200 /)
  return socket
}

/** Connections of this process, both ends of each. */
function connections(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length
}

describe('streams of a client that means no good', () => {
  test('a thousand from one key, opened and left, hold nothing', { timeout: 120_000 }, async () => {
    const { stack } = use()
    const session = await createSession(use())
    await turn(stack.sdk, session, message('hello'))
    const before = connections()
    for (let opened = 0; opened < STREAMS; opened += 100) {
      const sockets = await Promise.all(Array.from({ length: 100 }, () => openStream(session)))
      for (const socket of sockets) socket.destroy()
    }
    await expect.poll(connections).toBeLessThanOrEqual(before + POOL)
    expect((await turn(stack.sdk, session, message('still there'))).length).toBeGreaterThan(0)
    console.log(`streams: n = ${STREAMS} opened and left`)
  })

  test('whose own half is closed are closed', async () => {
    const session = await createSession(use())
    const before = connections()
    const sockets = await Promise.all(Array.from({ length: 20 }, () => openStream(session)))
    for (const socket of sockets) socket.end()
    for (const socket of sockets) socket.resume()
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))))
    await expect.poll(connections).toBeLessThanOrEqual(before + POOL)
  })

  test('that are opened and never read keep nobody else waiting', async () => {
    const { stack } = use()
    const session = await createSession(use())
    await Promise.all(Array.from({ length: 50 }, () => openStream(session)))
    const reading = await record(stack.sdk, session)
    const long = 'x'.repeat(100_000)
    for (let round = 1; round <= 3; round++) {
      await stack.sdk.beta.sessions.events.send(session, { events: [message(`${round} ${long}`)] })
      await reading.until('session.status_idle', round)
    }
    expect(settled(reading.events)).toEqual(await listAll(stack.sdk, session))
  })

  test('cannot be split by what a client wrote', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const forged = '\n\nevent: message\ndata: {"type":"session.deleted","id":"sevt_forged"}\n\n\r\n\r\u2028'
    const reading = await record(stack.sdk, session)
    await stack.sdk.beta.sessions.update(session, { title: forged, metadata: { [forged.slice(0, 64)]: forged } })
    await stack.sdk.beta.sessions.events.send(session, { events: [message(forged)] })
    await reading.until('session.status_idle')
    const listed = await listAll(stack.sdk, session)
    expect(settled(reading.events)).toEqual(listed)
    expect(listed.map(({ type }) => type)).not.toContain('session.deleted')
    expect(listed).toContainEqual(expect.objectContaining({ type: 'session.updated', title: forged }))
  })
})
