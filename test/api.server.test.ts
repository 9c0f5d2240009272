import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import Anthropic, { toFile } from '@anthropic-ai/sdk'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { findFreePorts } from '../src/dev/ports.ts'
import { migrateDatabase } from '../src/programs.ts'
import { newMigrated } from './store/use-postgres.ts'
import { listenAsDocker } from './support/docker-listener.ts'
import { endOwnProcess, serve } from './support/own-process.ts'
import { createDatabase } from './support/postgres.ts'
import { prepareAgent } from './support/prepare-agent.ts'
import { temporaryFolder } from './support/programs.ts'
import { createNamespace } from './support/temporal.ts'

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

describe('an api process', () => {
  test('asks no Docker daemon for files and sessions', async () => {
    const docker = await listenAsDocker()
    const [{ url }, { port }, data] = [await newMigrated(), await findFreePorts(['port']), await temporaryFolder()]
    const env = {
      // No worker of another test is to find its session.
      TEMPORAL_NAMESPACE: await createNamespace(),
      LONGHAND_PORT: String(port),
      LONGHAND_API_KEY: 'lh_test_key',
      LONGHAND_DATA: data,
      LONGHAND_SANDBOX: 'docker',
      DOCKER_HOST: docker.address,
    }
    const api = await serve('api', { databaseUrl: url, env })
    const sdk = new Anthropic({ baseURL: `http://127.0.0.1:${port}`, apiKey: 'lh_test_key', maxRetries: 0 })
    const { files, sessions } = sdk.beta
    const { agent, environment } = await prepareAgent(sdk)
    const file = await files.upload({ file: await toFile(Buffer.from('abc'), 'a.txt') })
    const resources = [{ type: 'file' as const, file_id: file.id }]
    const { id } = await sessions.create({ agent, environment_id: environment, resources })
    await sessions.events.send(id, { events: [{ type: 'user.message', content: [{ type: 'text', text: 'go' }] }] })
    expect((await sessions.events.list(id)).data).toMatchObject([{ type: 'user.message' }])
    await sessions.delete((await sessions.create({ agent, environment_id: environment })).id)
    expect(await endOwnProcess(api)).toBe(0)
    expect(docker.asked()).toBe(0)
  })
})
