import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { awaitReady } from '../../src/dev/ready.ts'
import { Supervisor } from '../../src/dev/supervisor.ts'
import type { Service } from '../support/service.ts'

/** After a life shorter than 10 s the supervisor takes a longer pause, as it should; the kills here are not of that kind. */
const settledMs = 10_500
/** From being ready to polling with all its pollers. */
const pollingMs = 500

/** Two worker processes under a supervisor of their own: one that works, one that may stand by. Disposal ends both. */
export interface Workers extends AsyncDisposable {
  /** A second worker beside the first, from now on until the next kill. */
  standBy(): Promise<void>
  /** Resolves when the first worker has lived so long that its end counts as a single one. */
  settled(): Promise<void>
  /** Stops the first worker where it stands: it takes tasks that were on their way, and answers nothing more. */
  freeze(): void
  /**
   * SIGKILL to the first worker; resolves when it is gone. Where another one stands by that is the first worker from
   * now on; else a new process is started at once by the supervisor.
   */
  kill(): Promise<void>
}

/** What a worker process of a service is started with. */
export interface Post {
  readonly env: NodeJS.ProcessEnv
  readonly logs: string
}

/** Ends the service's own worker for good and answers what the ones in its place need. */
export async function takePost({ dev }: Service): Promise<Post> {
  const own = dev.supervisor.pid('worker')
  if (own === undefined) throw new Error('expected the service to have a worker')
  const env = await readEnvironment(own)
  dev.supervisor.hold('worker')
  process.kill(own, 'SIGTERM')
  while (dev.supervisor.pid('worker') !== undefined) await delay(20)
  return { env, logs: join(dev.state().data, 'logs') }
}

/** @param program a file of TypeScript. */
export async function startWorkers({ env, logs }: Post, program: string): Promise<Workers> {
  const bornAt = new Map<string, number>()
  const supervisor = new Supervisor({
    onEvent: (event) => void (event.type === 'ready' && bornAt.set(event.name, performance.now())),
  })
  const start = (name: string): Promise<void> =>
    supervisor.start({
      name,
      command: process.execPath,
      args: ['--import', import.meta.resolve('tsx'), program],
      env,
      logFile: join(logs, `${name}.log`),
      ipc: true,
      ready: awaitReady,
    })
  let first = 'worker-1'
  let second: string | null = null
  await start(first)
  await delay(pollingMs)

  function signal(name: NodeJS.Signals): void {
    const pid = supervisor.pid(first)
    if (pid === undefined) throw new Error(`expected ${first} to run`)
    process.kill(pid, name)
  }

  return {
    async standBy() {
      const name = first === 'worker-1' ? 'worker-2' : 'worker-1'
      if (bornAt.has(name)) await supervisor.release(name)
      else await start(name)
      second = name
      await delay(pollingMs)
    },
    async settled() {
      await delay(Math.max(0, (bornAt.get(first) ?? 0) + settledMs - performance.now()))
    },
    freeze: () => signal('SIGSTOP'),
    async kill() {
      if (second !== null) supervisor.hold(first)
      signal('SIGKILL')
      while (supervisor.pid(first) !== undefined) await delay(1)
      if (second !== null) [first, second] = [second, null]
    },
    [Symbol.asyncDispose]: () => supervisor.stop(),
  }
}

/** The environment that a process was started with, without the channel to its parent. Source: proc(5). */
async function readEnvironment(pid: number): Promise<NodeJS.ProcessEnv> {
  const text = await readFile(`/proc/${pid}/environ`, 'utf8')
  const pairs = text.split('\0').flatMap((line) => {
    const at = line.indexOf('=')
    return at > 0 ? [[line.slice(0, at), line.slice(at + 1)] as const] : []
  })
  return Object.fromEntries(pairs.filter(([name]) => !name.startsWith('NODE_CHANNEL_')))
}
