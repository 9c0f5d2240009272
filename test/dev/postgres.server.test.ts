import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { preparePostgres } from '../../src/dev/postgres.ts'
import { findFreePorts } from '../../src/dev/ports.ts'
import { Supervisor } from '../../src/dev/supervisor.ts'
import { temporaryFolder } from '../support/programs.ts'

interface Server extends AsyncDisposable {
  query(text: string): Promise<unknown[]>
  readonly url: string
}

async function start(folder: string): Promise<Server> {
  const { port } = await findFreePorts(['port'])
  const logFile = join(folder, 'postgres.log')
  const { url, process: spec } = await preparePostgres({
    folder,
    port,
    logFile,
    path: process.env['PATH'],
    durable: false,
  })
  const supervisor = new Supervisor()
  await supervisor.start(spec)
  return {
    url,
    query: (text) => query(url, text),
    [Symbol.asyncDispose]: () => supervisor.stop(),
  }
}

async function query(connectionString: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

describe('the embedded Postgres', () => {
  test('keeps its data and its password from start to start', async () => {
    const folder = await temporaryFolder()
    let password: string
    {
      await using server = await start(folder)
      password = new URL(server.url).password
      await server.query('create table kept as select 42 as answer')
    }
    await using server = await start(folder)
    expect(new URL(server.url).password).toBe(password)
    expect(await server.query('select answer from kept')).toEqual([{ answer: 42 }])
    expect((await stat(join(folder, 'postgres-password'))).mode & 0o777).toBe(0o600)
    expect(await readdir(join(folder, 'postgres'))).toEqual(['data'])
  })

  test('lets nobody in without the password, and has no socket file', async () => {
    await using server = await start(await temporaryFolder())
    const wrong = new URL(server.url)
    wrong.password = 'guess'
    await expect(query(wrong.href, 'select 1')).rejects.toThrow('password authentication failed')
    const [settings] = await server.query(
      "select current_setting('listen_addresses') as address, current_setting('unix_socket_directories') as sockets",
    )
    expect(settings).toEqual({ address: '127.0.0.1', sockets: '' })
  })

  test('says so when its password file was replaced', async () => {
    const folder = await temporaryFolder()
    await (await start(folder))[Symbol.asyncDispose]()
    await writeFile(join(folder, 'postgres-password'), 'another')
    await expect(start(folder)).rejects.toThrow('Postgres refuses the password in postgres-password')
  })

  test('begins again after an initialisation that was cut short', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'postgres', 'data.new'), { recursive: true })
    await writeFile(join(folder, 'postgres', 'data.new', 'PG_VERSION'), '18')
    await using server = await start(folder)
    expect(await server.query('select 1 as one')).toEqual([{ one: 1 }])
  })

  test('tells why initdb failed', async () => {
    const folder = await temporaryFolder()
    const script = 'echo "no space left" >&2; exit 1'
    const account = {
      how: 'self',
      binaries: '/nowhere',
      home: folder,
      user: undefined,
      prefix: ['sh', '-c', script],
    } as const
    const prepared = preparePostgres({ folder, port: 1, logFile: '/dev/null', path: process.env['PATH'], account })
    await expect(prepared).rejects.toMatchObject({ message: 'initdb failed: no space left', exitCode: 5 })
  })
})
