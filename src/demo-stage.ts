import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Anthropic from '@anthropic-ai/sdk'
import { Client, Connection } from '@temporalio/client'
import type { WorkflowClient } from '@temporalio/client'
import type { Stage } from './cli/stage.ts'
import type { Config } from './config.ts'
import { defaultSandbox } from './config.ts'
import type { Script } from './demo-script.ts'
import { openScript } from './demo-script.ts'
import type { Dev } from './dev/dev.ts'
import { startDev } from './dev/dev.ts'
import { findRunningPostgres } from './dev/running-postgres.ts'
import type { SandboxRow } from './hands/bindings.ts'
import type { SandboxLedger } from './hands/ledger.ts'
import type { SandboxProvider } from './hands/sandbox.ts'
import type { RawAttempt } from './history-count.ts'
import { countHistory, countMentions, findCall, findReplayed, toAttempt } from './history-count.ts'
import { killSandbox } from './kill-sandbox.ts'
import { createLog } from './log.ts'
import { devOptions } from './programs.ts'
import { chooseSandbox, createSandboxProvider } from './sandboxes.ts'
import { openDatabase } from './store/postgres/database.ts'
import { createStores } from './store/postgres/stores.ts'

export interface DemoStageOptions {
  readonly config: Config
  readonly env: NodeJS.ProcessEnv
  /** Plays with the configured model instead of the scripted one. */
  readonly live: boolean
  /** Aborting it stops everything, also during the start. */
  readonly signal: AbortSignal
}

/** A worker's identity begins with its process: `worker <pid>@<host>`. */
const WORKER = /^worker (\d+)@/
const LOOK_LIMIT = { timeoutMs: 10_000, capBytes: 4096 }

/**
 * Starts everything on a data folder that goes away with the demo: its own database, no codec, and the scripted model
 * unless it is `live`. Rejects with `StartError` when something that it needs is not there; nothing is left then.
 */
export async function openDemoStage({ config, env, live, signal }: DemoStageOptions): Promise<Stage> {
  const closing: (() => PromiseLike<unknown>)[] = []
  async function close(): Promise<void> {
    const failures: unknown[] = []
    for (const end of closing.toReversed()) await Promise.resolve(end()).catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }
  try {
    const data = await mkdtemp(join(tmpdir(), 'longhand-demo-'))
    closing.push(() => rm(data, { recursive: true, force: true }))
    const script = live ? null : await openScript({ env, folder: data })
    if (script) closing.push(() => script[Symbol.asyncDispose]())
    const own = {
      ...config,
      ...script?.settings,
      sandbox: (await chooseSandbox(config)).kind,
      data,
      databaseUrl: undefined,
      codecKey: undefined,
      secretsKey: undefined,
      // The demo waits for a copy.
      workspaceExport: defaultSandbox.copied,
      // Its own too: on a shared one, another server's worker would take the demo's tasks.
      temporal: { external: false, namespace: 'default', connection: {} },
    }
    const dev = await startDev({ ...devOptions(own, env), signal })
    closing.push(() => dev[Symbol.asyncDispose]())
    const connection = await Connection.connect({
      ...own.temporal.connection,
      address: dev.state().temporal_address,
    })
    closing.push(() => connection.close())
    const { workflow } = new Client({ connection, namespace: own.temporal.namespace })
    const database = await openDatabase((await findRunningPostgres(data)) ?? '', createLog('demo'))
    closing.push(() => database.destroy())
    const { ledger } = createStores(database)
    const stage = createStage({ dev, workflow, ledger, provider: await createSandboxProvider(own), script })
    return { ...stage, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

interface Parts {
  readonly dev: Dev
  readonly workflow: WorkflowClient
  readonly ledger: Pick<SandboxLedger, 'all'>
  readonly provider: SandboxProvider
  readonly script: Script | null
}

function createStage({ dev, workflow, ledger, provider, script }: Parts): Omit<Stage, keyof AsyncDisposable> {
  const { base_url: baseURL, api_key: apiKey, temporal_ui: ui, data } = dev.state()
  const fetchHistory = (session: string) => workflow.getHandle(session).fetchHistory()
  return {
    client: new Anthropic({ baseURL, apiKey, authToken: null }),
    parts: ['Temporal', 'Postgres', 'api', 'worker'],
    // The start has tried it out.
    sandboxKind: provider.kind === 'local' ? 'bubblewrap' : provider.kind,
    scripted: script,
    watch: (session) => {
      const { namespace } = workflow.options
      return ui === null
        ? `workflow ${session} in namespace ${namespace}`
        : `${ui}/namespaces/${namespace}/workflows/${session}`
    },
    ...createWorkerControl(dev),
    ...createSandboxView(provider, data),
    async isCopied(session) {
      const kept = (await ledger.all()).find(({ row }) => row.sessionId === session)
      return kept?.exportedAt != null && kept.exportedAt > kept.usedAt
    },
    attempt: async (session, call) => toWorker(await findAttempt(workflow, session, call)),
    replayed: async (session, worker) => findReplayed(await fetchHistory(session), `worker ${worker}@`),
    count: async (session) => countHistory(await fetchHistory(session)),
    mentions: async (session, words) => countMentions(await fetchHistory(session), words),
  }
}

function createWorkerControl(dev: Dev): Pick<Stage, 'killWorker' | 'isWorkerAlive' | 'startWorker'> {
  return {
    killWorker() {
      const { worker } = dev.state().pids
      if (worker === null) throw new Error('expected a worker to kill')
      dev.supervisor.hold('worker')
      process.kill(worker, 'SIGKILL')
      return worker
    },
    isWorkerAlive: () => dev.supervisor.pid('worker') !== undefined,
    async startWorker() {
      await dev.supervisor.release('worker')
      const { worker } = dev.state().pids
      if (worker === null) throw new Error('expected a worker that serves')
      return worker
    },
  }
}

function createSandboxView(
  provider: SandboxProvider,
  data: string,
): Pick<Stage, 'sandbox' | 'killSandbox' | 'look' | 'commandSeconds'> {
  let looks = 0
  async function find(session: string): Promise<SandboxRow | undefined> {
    const rows = await provider.list(session)
    return rows.toSorted((one, other) => other.generation - one.generation)[0]
  }
  async function look(session: string, command: string): Promise<string | null> {
    const row = await find(session)
    const sandbox = row && (await provider.attach(row))
    if (!sandbox) return null
    const { output } = await sandbox.run({ id: `look${++looks}`, command, ...LOOK_LIMIT })
    return Buffer.from(output).toString('utf8')
  }
  return {
    look,
    async sandbox(session) {
      const row = await find(session)
      return row ? { generation: row.generation, isUp: (await provider.attach(row)) !== null } : null
    },
    async killSandbox(session) {
      const row = await find(session)
      if (row === undefined) throw new Error('expected a sandbox to kill')
      return killSandbox(row, data)
    },
    async commandSeconds(session, call) {
      // The runner's own files (runner.sh): the one is written when the command starts, the other when it has ended.
      const folder = `/run/longhand/calls/${call}`
      const times = (await look(session, `stat -c %.3Y ${folder}/pid ${folder}/done`)) ?? ''
      const [from = Number.NaN, to = Number.NaN] = times.split('\n').map(Number)
      return Number.isNaN(to - from) ? null : to - from
    },
  }
}

/** Past attempts stand in history, the one under way among the pending activities. */
async function findAttempt(workflow: WorkflowClient, session: string, call: string): Promise<RawAttempt | null> {
  const handle = workflow.getHandle(session)
  const found = findCall(await handle.fetchHistory(), call)
  if (found === null || found.ended !== null) return found?.ended ?? null
  const { raw } = await handle.describe()
  const pending = raw.pendingActivities?.find(({ activityId }) => activityId === found.activityId)
  return pending
    ? toAttempt({ attempt: pending.attempt, identity: pending.lastWorkerIdentity, time: pending.lastStartedTime })
    : null
}

function toWorker(found: RawAttempt | null): { attempt: number; pid: number; startedAt: number } | null {
  const pid = WORKER.exec(found?.identity ?? '')?.[1]
  return found && pid ? { attempt: found.attempt, pid: Number(pid), startedAt: found.startedAt } : null
}
