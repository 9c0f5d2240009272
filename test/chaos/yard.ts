import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import Anthropic from '@anthropic-ai/sdk'
import { Client as Postgres } from 'pg'
import { readConfig } from '../../src/config.ts'
import { startDev } from '../../src/dev/dev.ts'
import { findRunningPostgres } from '../../src/dev/running-postgres.ts'
import { createLocalProvider } from '../../src/hands/local.ts'
import type { DemoModel } from '../../src/model/demo/demo-model.ts'
import { startDemoModel } from '../../src/model/demo/demo-model.ts'
import { devOptions } from '../../src/programs.ts'
import { sandboxFolder } from '../../src/sandboxes.ts'
import type { SessionEvent } from '../../src/wire/types.ts'
import { testCodecKey } from '../support/codecs.ts'

/** A whole server of real processes on a folder of its own, for killing. The model alone lives in this process. */
export interface Yard extends AsyncDisposable {
  /** Repeats what fails until a killed api is back. */
  readonly client: Anthropic
  readonly model: DemoModel
  /** The server's data folder. */
  readonly data: string
  readonly temporalAddress: string
  /** SIGKILL unless told otherwise, and a new process at once; `isBack` resolves when that one serves. */
  kill(name: 'api' | 'worker', signal?: 'SIGTERM'): Promise<{ readonly isBack: Promise<void> }>
  /** Freezes a process where it is, or lets it go on. */
  signal(name: 'api', signal: 'SIGSTOP' | 'SIGCONT'): void
  /** A connection to the server's database, to be ended by the caller. */
  connect(): Promise<Postgres>
  /** How many of the session's runs are in the archive, whole. */
  archivedRuns(session: string): Promise<number>
  /** Kills Postgres or Temporal, does `work` while there is none, and answers when it is back. */
  without(name: 'postgres' | 'temporal', work: () => Promise<void>): Promise<void>
  /** Ends the whole server in good order and starts it again on the same folder; `client` finds it there. */
  restart(): Promise<void>
  /** Runs a command in the session's sandbox, past any worker: what it prints, or null while there is no sandbox. */
  look(session: string, command: string): Promise<string | null>
  createSession(): Promise<string>
  send(session: string, text: string): Promise<string>
  list(session: string): Promise<readonly SessionEvent[]>
}

const LOOK_MS = 50
/** With the client's back-off of up to 8 s this outlasts the restart of an api on a busy machine. */
const RETRIES = 8
/** What a configured machine has of the server under test must not reach it. */
const FOREIGN = /^(LONGHAND_|TEMPORAL_|ANTHROPIC_|DATABASE_URL$)/

export interface YardOptions {
  readonly runEvents?: number
  /** Where bytes are that are too large for payloads and rows, if not in the yard's own folder. */
  readonly blobs?: string
  /** Default: `local`. */
  readonly sandbox?: 'docker' | 'local'
  /** Variables that every process gets beside the test's own. */
  readonly env?: Readonly<Record<string, string>>
}

export async function openYard({
  runEvents,
  blobs,
  sandbox: kind = 'local',
  env: more,
}: YardOptions = {}): Promise<Yard> {
  const data = await mkdtemp(join(tmpdir(), 'longhand-chaos-'))
  const model = await startDemoModel({ keepRequests: 100_000 })
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name)))
  Object.assign(env, more)
  const config = readConfig({ data, port: '0' }, env)
  const settings = {
    ...config,
    sandbox: kind,
    modelApiKey: model.apiKey,
    modelBaseUrl: model.url,
    codecKey: testCodecKey(),
    runEvents: runEvents ?? config.runEvents,
    blobs,
  } as const
  const close = async (): Promise<void> => {
    await model.close()
    await rm(data, { recursive: true, force: true })
  }
  let dev = await startDev(devOptions(settings, env)).catch(async (error: unknown) => {
    await close()
    throw error
  })
  const { base_url: baseURL, api_key: apiKey } = dev.state()
  const client = new Anthropic({ baseURL, apiKey, maxRetries: RETRIES })
  const provider = createLocalProvider({ folder: sandboxFolder(data) })
  const { sessions } = client.beta
  const agent = await client.beta.agents.create({
    name: 'survivor',
    model: 'claude-opus-5-5',
    tools: [{ type: 'agent_toolset_20260401' }],
  })
  const environment = await client.beta.environments.create({ name: 'chaos' })
  let looks = 0
  async function connect(): Promise<Postgres> {
    const postgres = new Postgres({ connectionString: await findRunningPostgres(data) })
    await postgres.connect()
    return postgres
  }

  return {
    client,
    model,
    data,
    get temporalAddress() {
      return dev.state().temporal_address
    },
    async kill(name, signal) {
      const pid = dev.supervisor.pid(name)
      if (pid === undefined) throw new Error(`expected a ${name} to kill`)
      dev.supervisor.hold(name)
      process.kill(pid, signal ?? 'SIGKILL')
      await until(async () => dev.supervisor.pid(name) === undefined)
      return { isBack: dev.supervisor.release(name) }
    },
    signal(name, signal) {
      const pid = dev.supervisor.pid(name)
      if (pid === undefined) throw new Error(`expected a ${name} to signal`)
      process.kill(pid, signal)
    },
    connect,
    async archivedRuns(session) {
      const postgres = await connect()
      try {
        const text = 'select count(*)::integer as n from archived_runs where session_id = $1 and closed'
        return (await postgres.query<{ n: number }>(text, [session])).rows[0]?.n ?? 0
      } finally {
        await postgres.end()
      }
    },
    async without(name, work) {
      const pid = dev.supervisor.pid(name)
      if (pid === undefined) throw new Error(`expected a ${name} to kill`)
      dev.supervisor.hold(name)
      process.kill(pid, 'SIGKILL')
      await until(async () => dev.supervisor.pid(name) === undefined)
      try {
        await work()
      } finally {
        await dev.supervisor.release(name)
      }
    },
    async restart() {
      await dev[Symbol.asyncDispose]()
      dev = await startDev(devOptions(settings, env))
      client.baseURL = dev.state().base_url
    },
    async look(session, command) {
      const rows = (await provider.list()).filter(({ sessionId }) => sessionId === session)
      const outputs: string[] = []
      for (const row of rows) {
        // What a worker was making when it died cannot be entered.
        const sandbox = await provider.attach(row)
        if (!sandbox) continue
        looks += 1
        const { output } = await sandbox.run({ id: `look${looks}`, command, timeoutMs: 10_000, capBytes: 4096 })
        outputs.push(Buffer.from(output).toString('utf8'))
      }
      return outputs.length > 0 ? outputs.join('') : null
    },
    async createSession() {
      return (await sessions.create({ agent: agent.id, environment_id: environment.id })).id
    },
    async send(session, text) {
      const { data: sent } = await sessions.events.send(session, {
        events: [{ type: 'user.message', content: [{ type: 'text', text }] }],
      })
      const [event] = sent ?? []
      if (!event) throw new Error('expected the acknowledged event')
      return event.id
    },
    async list(session) {
      const events: SessionEvent[] = []
      for await (const event of sessions.events.list(session, { limit: 100 })) events.push(event)
      return events
    },
    async [Symbol.asyncDispose]() {
      await dev[Symbol.asyncDispose]()
      await close()
    },
  }
}

/** Resolves when it is so; the test's own time-out is the limit. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await delay(LOOK_MS)
}
