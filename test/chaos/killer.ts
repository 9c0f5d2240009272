import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { handsEnvironment } from '../hands/hands-process.ts'
import type { Random } from '../support/fuzz-random.ts'
import { startOwnProcess } from '../support/own-process.ts'
import type { Order, Point, Report, SandboxKind } from './points.ts'
import type { Yard } from './yard.ts'

/** Workers of the hands of one host, each of which is killed, or kills, where it is told to. */
export interface Killer extends AsyncDisposable {
  readonly kills: ReadonlyMap<Point, number>
  count(): number
  /** Commands that were joined, as far as the workers lived to tell. */
  joined(): number
  /** Kills when it is time, until it is enough; the workers live on. */
  run(pace: Pace): Promise<void>
}

export interface Pace {
  isEnough(): boolean
  /** Not before: a call that is hit in each of its tries is given up. */
  isTime(): boolean
}

export interface KillerOptions {
  readonly points: readonly Point[]
  readonly kind: SandboxKind
  readonly ledgers: string
  readonly random: Random
  /** Is told of each kill. */
  readonly tell?: (point: Point, count: number) => void
}

const WORKERS = 2
/** A worker that does not get there in this time is told to go somewhere else. */
const PATIENCE_MS = 20_000
const LOOK_MS = 100
const program = fileURLToPath(new URL('hands-worker-program.ts', import.meta.url))

export async function startKiller(yard: Yard, { points, kind, ledgers, random, tell }: KillerOptions): Promise<Killer> {
  const env = { ...(await handsEnvironment(yard, yard.data)), LONGHAND_SANDBOX: kind }
  const kills = new Map<Point, number>()
  const ordered = new Map<Point, number>()
  const count = () => [...kills.values()].reduce((sum, each) => sum + each, 0)
  let joined = 0

  async function hire(index: number): Promise<ChildProcess> {
    const args = ['--import', import.meta.resolve('tsx'), program, ledgers]
    const logFile = join(yard.data, 'logs', `hands-${index}.log`)
    const child = await startOwnProcess({ command: process.execPath, args }, { env, logFile })
    child.on('message', (message) => {
      if ((message as Report).type === 'joined') joined += 1
    })
    return child
  }

  /** Where there was no kill yet, then where the fewest were; a try that came to nothing counts half. */
  function choose(): Order {
    const triesAt = (point: Point): number => (kills.get(point) ?? 0) + (ordered.get(point) ?? 0)
    const missing = points.filter((each) => !kills.has(each))
    const eligible = missing.length > 0 ? missing : points
    const least = Math.min(...eligible.map(triesAt))
    const point = random.pick(eligible.filter((each) => triesAt(each) === least))
    ordered.set(point, (ordered.get(point) ?? 0) + 1)
    return { point, nth: 1 + random.below(2), delayMs: random.below(400) }
  }

  const workers = await Promise.all(Array.from({ length: WORKERS }, (_, index) => hire(index)))
  async function living(index: number): Promise<ChildProcess> {
    const worker = workers[index]
    if (worker?.connected === true) return worker
    // Its channel closes before it is seen to have ended.
    if (worker?.exitCode === null && worker.signalCode === null) await once(worker, 'exit')
    if (typeof worker?.exitCode === 'number') throw new Error(`a worker ended by itself, with ${worker.exitCode}`)
    return (workers[index] = await hire(index))
  }
  async function killAgain(index: number, { isEnough, isTime }: Pace): Promise<void> {
    while (!isEnough()) {
      const worker = await living(index)
      if (!isTime()) {
        await delay(LOOK_MS)
        continue
      }
      const order = choose()
      const isKilled = await follow(worker, order)
      if (isKilled) {
        kills.set(order.point, (kills.get(order.point) ?? 0) + 1)
        tell?.(order.point, count())
      }
    }
    await living(index)
  }

  return {
    kills,
    count,
    joined: () => joined,
    run: async (pace) => void (await Promise.all(workers.map((_, index) => killAgain(index, pace)))),
    async [Symbol.asyncDispose]() {
      for (const worker of workers) {
        if (worker.exitCode !== null || worker.signalCode !== null) continue
        worker.kill('SIGTERM')
        await once(worker, 'exit')
      }
    },
  }
}

/** Whether something was killed. An order that was not followed is forgotten with the next one. */
async function follow(worker: ChildProcess, order: Order): Promise<boolean> {
  const over = new AbortController()
  const { signal } = over
  const died = once(worker, 'exit', { signal }).then(([, by]) => {
    if (by !== 'SIGKILL') throw new Error(`expected a worker that kills itself, it ended by ${by}`)
    return true
  })
  const struck = new Promise<boolean>((resolve) => {
    // One that dies late, of the order before, hears of no other.
    worker.send(order, (error) => error && resolve(false))
    const listen = (message: unknown) => {
      const report = message as Report
      if (report.type !== 'joined' && report.point === order.point) resolve(report.type === 'struck')
    }
    worker.on('message', listen)
    signal.addEventListener('abort', () => worker.off('message', listen))
  })
  try {
    return await Promise.race([died, struck, delay(PATIENCE_MS, false, { signal })])
  } finally {
    over.abort()
  }
}
