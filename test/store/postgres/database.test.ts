import { once } from 'node:events'
import type { Server } from 'node:net'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { openDatabase } from '../../../src/store/postgres/database.ts'
import { silentLog } from '../../support/silent-log.ts'

async function listen(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a port')
  return address.port
}

async function close(server: Server): Promise<void> {
  server.close()
  await once(server, 'close')
}

describe('opening a database', () => {
  test('fails with the place and without the password when no server is there', async () => {
    const server = createServer()
    const port = await listen(server)
    await close(server)
    const opening = openDatabase(`postgres://someone:hunter2@127.0.0.1:${port}/longhand`, silentLog)
    const error = await opening.catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      message: `expected a PostgreSQL server at 127.0.0.1:${port}/longhand, got: connect ECONNREFUSED 127.0.0.1:${port}`,
      cause: { code: 'ECONNREFUSED' },
    })
    expect(String(error)).not.toContain('hunter2')
  })

  test('fails when something else answers there', async () => {
    const server = createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const port = await listen(server)
    await expect(openDatabase(`postgres://127.0.0.1:${port}/x`, silentLog)).rejects.toThrow(
      `expected a PostgreSQL server at 127.0.0.1:${port}/x`,
    )
    await close(server)
  })

  test.each([
    ['no URL', 'localhost 5432', 'expected a URL such as postgres://'],
    ['another protocol', 'mysql://localhost/x', 'expected a postgres:// URL, got one that starts with mysql:'],
  ])('refuses %s', async (_, url, message) => {
    await expect(openDatabase(url, silentLog)).rejects.toThrow(message)
  })
})
