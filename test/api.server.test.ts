import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { migrateDatabase } from '../src/programs.ts'
import { createDatabase } from './support/postgres.ts'
import { temporaryFolder } from './support/programs.ts'

const root = join(import.meta.dirname, '..')

/** Starts the api process by hand; resolves when it has ended. */
async function startApi(env: NodeJS.ProcessEnv): Promise<{ code: unknown; err: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'src/api.ts')], {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: await temporaryFolder(), ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  return { code, err }
}

describe('an api process started by hand', () => {
  test('says in one plain line that its port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address ? String(address.port) : ''
    await using database = await createDatabase()
    await migrateDatabase(database.url)
    const ended = await startApi({
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      LONGHAND_PORT: port,
    })
    expect(ended).toEqual({
      code: 5,
      err: `port ${port} on 127.0.0.1 is taken. Stop what listens there, or choose another with LONGHAND_PORT.\n`,
    })
  })

  test('says in one plain line what it was not told', async () => {
    expect(await startApi({})).toEqual({
      code: 2,
      err: 'DATABASE_URL is not set: api and worker need a PostgreSQL server\n',
    })
  })
})
