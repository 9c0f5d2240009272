import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { Client } from 'pg'
import { describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { cacheFolder, readConfig } from '../../src/config.ts'
import { readDevState } from '../../src/dev/dev-state.ts'
import type { DevState } from '../../src/dev/dev-state.ts'
import { startDev } from '../../src/dev/dev.ts'
import { lockFolder } from '../../src/dev/folder-lock.ts'
import { findFreePorts } from '../../src/dev/ports.ts'
import { killProcess, temporaryFolder, untilGone } from '../support/programs.ts'

/** The database of the test run, which spares making one. */
const shared = () => ({ DATABASE_URL: inject('postgresUrl') })
const served = { command: process.execPath, args: [join(import.meta.dirname, 'served-program.mjs')] }

interface Program {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  /** The next line on stdout. */
  line(): Promise<string>
  /** Its exit code, and all that it said on stderr. */
  ended(): Promise<{ code: unknown; stderr: string }>
}

async function dev(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Program> {
  const program = join(import.meta.dirname, 'dev-program.ts')
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'],
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const exit = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGTERM')
    await exit
  })
  return {
    child,
    async line() {
      const { value } = await lines.next()
      if (value === undefined) throw new Error(`dev ended without a line: ${stderr}`)
      return value
    },
    async ended() {
      const [code] = await exit
      return { code, stderr }
    },
  }
}

function processes({ pids }: DevState): number[] {
  return Object.values(pids).filter((pid) => pid !== null)
}

async function query(data: string, text: string): Promise<unknown[]> {
  const env: { DATABASE_URL: string } = JSON.parse(
    (await readFile(join(data, 'logs', 'api.log'), 'utf8')).trim().split('\n').at(-1) ?? '',
  )
  const client = new Client({ connectionString: env.DATABASE_URL })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

/** 32 bytes, of what the data folder keeps. */
async function readSecretsKey(data: string): Promise<string> {
  const kept = (await readFile(join(data, 'secrets-key'), 'utf8')).trim()
  return createHash('sha256').update(kept).digest('base64')
}

describe('dev', () => {
  test('starts everything, ends everything at Ctrl+C, and finds all state again', async () => {
    const data = join(await temporaryFolder(), 'data')
    const first = await dev([data, '0'])
    const before: DevState = JSON.parse(await first.line())
    expect(before).toEqual({
      base_url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      api_key: expect.stringMatching(/^lh_/),
      temporal_address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      temporal_ui: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      data,
      pids: {
        api: expect.any(Number),
        worker: expect.any(Number),
        temporal: expect.any(Number),
        postgres: expect.any(Number),
      },
    })
    expect(await readDevState(data)).toEqual(before)
    expect(await (await fetch(before.base_url)).text()).toBe('served')
    await query(data, 'create table kept as select 42 as answer')
    first.child.kill('SIGINT')
    expect(await first.ended()).toEqual({ code: 0, stderr: '' })
    await untilGone(processes(before))
    expect(await readDevState(data)).toBeUndefined()

    const second = await dev([data, '0'])
    const after: DevState = JSON.parse(await second.line())
    const { api_key, temporal_address, temporal_ui } = before
    expect(after).toMatchObject({ api_key, temporal_address, temporal_ui })
    expect(await query(data, 'select answer from kept')).toEqual([{ answer: 42 }])
  })

  test('keeps its folder to itself', async () => {
    const data = join(await temporaryFolder(), 'data')
    const { line } = await dev([data, '0'])
    await line()
    expect((await stat(data)).mode & 0o777).toBe(0o700)
    for (const secret of ['api-key', 'secrets-key']) expect((await stat(join(data, secret))).mode & 0o777).toBe(0o600)
    expect((await readdir(data)).toSorted()).toEqual(
      'api-key dev.json lock logs ports.json postgres postgres-password secrets-key temporal'.split(' '),
    )
  })

  test('prints a banner for people, and names the scripted model when there is no key', async () => {
    const { line } = await dev([join(await temporaryFolder(), 'data'), '0', 'banner'], shared())
    expect(await line()).toMatch(/^longhand {2}http:/)
    expect(await line()).toContain('scripted, offline')
  })

  test('tells the programs all they need, and nothing of a provider', async () => {
    const data = join(await temporaryFolder(), 'data')
    const environment = { ANTHROPIC_API_KEY: 'sk', ANTHROPIC_BASE_URL: 'http://elsewhere', LONGHAND_SANDBOX: 'local' }
    const { line } = await dev([data, '0'], environment)
    const state: DevState = JSON.parse(await line())
    expect(JSON.parse(await readFile(join(data, 'logs', 'worker.log'), 'utf8'))).toEqual({
      DATABASE_URL: expect.stringMatching(/^postgres:\/\/longhand:.+@127\.0\.0\.1:\d+\/longhand$/),
      LONGHAND_API_KEY: state.api_key,
      LONGHAND_DATA: data,
      LONGHAND_MODEL_API_KEY: 'sk',
      LONGHAND_MODEL_BACKEND: 'anthropic',
      LONGHAND_PORT: new URL(state.base_url).port,
      LONGHAND_SANDBOX: 'local',
      LONGHAND_SANDBOX_IMAGE: 'longhand-sandbox:1',
      LONGHAND_ROLES: 'brain,hands',
      LONGHAND_SANDBOX_IDLE: '15',
      LONGHAND_WORKSPACE_EXPORT: '1073741824',
      LONGHAND_PROVISIONING: 'lazy',
      LONGHAND_RUN_EVENTS: '1000',
      LONGHAND_WORKSPACE_REQUESTS: '2000',
      LONGHAND_WORKSPACE_SESSIONS: '1000',
      LONGHAND_WORK_LEASE: '90',
      LONGHAND_WORK_IDLE: '120',
      LONGHAND_GITHUB_URL: 'https://github.com',
      LONGHAND_SECRETS_KEY: await readSecretsKey(data),
      LONGHAND_HOURLY_RATE: '0',
      TEMPORAL_ADDRESS: state.temporal_address,
      TEMPORAL_NAMESPACE: 'default',
    })
  })

  test('takes its own key, left in the shell by `longhand env`, for no model key', async () => {
    const data = join(await temporaryFolder(), 'data')
    const { line } = await dev([data, '0'], { ...shared(), ANTHROPIC_API_KEY: 'mine', LONGHAND_API_KEY: 'mine' })
    await line()
    const worker = JSON.parse(await readFile(join(data, 'logs', 'worker.log'), 'utf8'))
    expect(worker).toMatchObject({
      LONGHAND_MODEL_API_KEY: 'scripted',
      LONGHAND_MODEL_BASE_URL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    })
  })

  test('refuses a folder that another dev uses, and a port that is taken, in one line', async () => {
    const data = join(await temporaryFolder(), 'data')
    const running = await dev([data, '0'], shared())
    const { base_url } = JSON.parse(await running.line()) as DevState
    const second = await dev([data, '0'], shared())
    expect(await second.ended()).toEqual({
      code: 5,
      stderr: `longhand dev already runs on ${data} (process ${running.child.pid}). Use it, stop it, or give this one another folder with --data.\n`,
    })
    const { port } = new URL(base_url)
    const third = await dev([join(await temporaryFolder(), 'data'), port], shared())
    expect(await third.ended()).toEqual({
      code: 5,
      stderr: `port ${port} on 127.0.0.1 is taken. Stop what listens there, or choose another with --port.\n`,
    })
  })

  test.each(['SIGTERM', 'SIGHUP', 'SIGKILL'] as const)(
    'leaves nothing running after %s, and starts again',
    async (signal) => {
      const data = join(await temporaryFolder(), 'data')
      const first = await dev([data, '0'])
      const state: DevState = JSON.parse(await first.line())
      first.child.kill(signal)
      await first.ended()
      const second = await dev([data, '0'])
      const { temporal_address }: DevState = JSON.parse(await second.line())
      expect(temporal_address).toBe(state.temporal_address)
      await untilGone(processes(state))
    },
  )

  test('stops when it is asked to while it starts', async () => {
    const data = join(await temporaryFolder(), 'data')
    const { child, ended } = await dev([data, '0'])
    await vi.waitFor(() => stat(join(data, 'logs', 'temporal.log')), 120_000)
    child.kill('SIGINT')
    expect((await ended()).code).toBe(0)
    await (await lockFolder(data))[Symbol.asyncDispose]()
  })

  test('restarts a program that dies, and its state names the new process', async () => {
    const data = join(await temporaryFolder(), 'data')
    const { line, child } = await dev([data, '0'], shared())
    const before: DevState = JSON.parse(await line())
    killProcess(before.pids.worker)
    const [text] = await once(child.stderr, 'data')
    expect(text).toBe('worker ended (SIGKILL) and is started again\n')
    await vi.waitFor(async () => {
      const worker = (await readDevState(data))?.pids.worker
      expect(worker).toEqual(expect.any(Number))
      expect(worker).not.toBe(before.pids.worker)
    }, 120_000)
  })
})

describe('startDev', () => {
  test('uses a database and a cluster that are configured, prepares the one, and lets the worker be held', async () => {
    const data = join(await temporaryFolder(), 'data')
    const env = {
      DATABASE_URL: inject('postgresUrl'),
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      PATH: process.env['PATH'],
    }
    const calls: string[] = []
    {
      await using started = await startDev({
        config: readConfig({ data, port: '0' }, { HOME: process.env['HOME'], ...env }),
        env,
        cache: cacheFolder(process.env),
        api: served,
        worker: served,
        prepareDatabase: async (url) => void calls.push(`prepare ${url === env.DATABASE_URL}`),
        endSandboxes: async () => void calls.push('end sandboxes'),
      })
      const { pids, temporal_ui, temporal_address } = started.state()
      expect([pids.temporal, pids.postgres, temporal_ui, temporal_address]).toEqual([
        null,
        null,
        null,
        env.TEMPORAL_ADDRESS,
      ])
      started.supervisor.hold('worker')
      killProcess(pids.worker)
      await vi.waitFor(() => expect(started.state().pids.worker).toBeNull())
      await started.supervisor.release('worker')
      expect(started.state().pids.worker).not.toBe(pids.worker)
      expect(calls).toEqual(['prepare true'])
    }
    expect(calls).toEqual(['prepare true', 'end sandboxes'])
  })

  test.each([
    [
      'database',
      { DATABASE_URL: 'postgres://nobody:secret@127.0.0.1:PORT/none' },
      /^Postgres at 127\.0\.0\.1:\d+ does not answer/,
    ],
    ['cluster', { TEMPORAL_ADDRESS: '127.0.0.1:PORT' }, /^Temporal at 127\.0\.0\.1:\d+ does not answer/],
  ])(
    'refuses a %s that does not answer, without its password, and leaves the folder free',
    async (_what, env, message) => {
      const data = join(await temporaryFolder(), 'data')
      const { closed } = await findFreePorts(['closed'])
      const [[name, value] = ['', '']] = Object.entries(env)
      const configured = { HOME: process.env['HOME'], [name]: value.replace('PORT', String(closed)) }
      const config = readConfig({ data, port: '0' }, configured)
      const start = startDev({ config, env: process.env, cache: cacheFolder(process.env), api: served, worker: served })
      const error: unknown = await start.then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(error).toMatchObject({ message: expect.stringMatching(message), exitCode: 5 })
      expect(String(error)).not.toContain('secret')
      // Nobody is at work on a database any more.
      expect(await readdir(join(data, 'postgres')).catch(() => [])).not.toContain('data.new')
      await (await lockFolder(data))[Symbol.asyncDispose]()
    },
  )

  test('refuses a data folder that cannot be made', async () => {
    const config = readConfig({ data: '/dev/null/longhand', port: '0' }, { HOME: '/' })
    const start = startDev({ config, env: {}, cache: '/', api: served, worker: served })
    await expect(start).rejects.toMatchObject({
      message: 'the data folder /dev/null/longhand cannot be made',
      exitCode: 5,
    })
  })
})
