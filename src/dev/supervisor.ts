import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Reaper } from './reaper.ts'
import { StartError } from './start-error.ts'

/** What to run under a name, and how to know that it serves. */
export interface ProcessSpec {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd?: string
  /** The user to run as, when it is not ours. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /** Gets stdout and stderr, appended. */
  readonly logFile: string
  /** Whether it talks over IPC (`ready.ts`). */
  readonly ipc?: boolean
  /** What asks it to end in good order; SIGTERM if not given. */
  readonly stopSignal?: NodeJS.Signals
  /** Resolves when it serves; rejects at the latest when `signal` aborts (it ended, took too long, or we stop). */
  ready(child: ChildProcess, signal: AbortSignal): Promise<void>
}

export type SupervisorEvent =
  | { readonly type: 'ready'; readonly name: string; readonly pid: number }
  | {
      readonly type: 'ended'
      readonly name: string
      readonly pid: number
      readonly how: string
      readonly held: boolean
    }

export interface SupervisorOptions {
  readonly onEvent?: (event: SupervisorEvent) => void
  /** From the stop signal to SIGKILL. */
  readonly graceMs?: number
  /** What a process may take to get ready. */
  readonly readyMs?: number
  /** Pause before the first restart; it doubles up to 5 s while restarts fail within 10 s. */
  readonly backOffMs?: number
}

interface Life {
  readonly child: ChildProcess
  readonly pid: number
  readonly bornAt: number
  /** Resolves with how it ended. */
  readonly ended: Promise<string>
}

interface Gate {
  readonly opened: Promise<void>
  open(): void
  isOpen(): boolean
}

interface Charge {
  readonly spec: ProcessSpec
  life: Life | undefined
  held: boolean
  /** Ends a pause between two lives at once. */
  wake: () => void
  /** Opens when the present or the next life serves; a new one takes its place when that life ends. */
  serving: Gate
  supervision: Promise<void>
}

const maxBackOffMs = 5_000
const settledMs = 10_000

/** Keeps named processes running until it is stopped; then, or when it is killed itself, none of them is left. */
export class Supervisor implements AsyncDisposable {
  readonly #charges = new Map<string, Charge>()
  readonly #stopping = new AbortController()
  readonly #options: Required<SupervisorOptions>
  #reaper: Reaper
  #stopped: Promise<void> | undefined

  constructor(options: SupervisorOptions = {}) {
    this.#options = { onEvent: () => undefined, graceMs: 10_000, readyMs: 60_000, backOffMs: 200, ...options }
    this.#reaper = this.#startReaper()
  }

  /** The process that ends the others should this one be killed. */
  get reaperPid(): number | undefined {
    return this.#reaper.pid
  }

  /** Starts a process and resolves when it is ready. One that fails here is not tried again: `StartError`. */
  async start(spec: ProcessSpec): Promise<void> {
    if (this.#charges.has(spec.name)) throw new Error(`${spec.name} is already supervised`)
    const charge: Charge = {
      spec,
      life: undefined,
      held: false,
      wake: () => undefined,
      serving: createGate(),
      supervision: Promise.resolve(),
    }
    this.#charges.set(spec.name, charge)
    try {
      const life = await this.#launch(charge)
      charge.supervision = this.#supervise(charge, life)
    } catch (error) {
      this.#charges.delete(spec.name)
      throw error
    }
  }

  /** The process id of the present life; `undefined` between two lives and for what is not supervised. */
  pid(name: string): number | undefined {
    return this.#charges.get(name)?.life?.pid
  }

  /** From now on `name` is not restarted when it ends. */
  hold(name: string): void {
    this.#charge(name).held = true
  }

  /** Undoes `hold`. Resolves when the process serves, a new life of it if it ended meanwhile. */
  async release(name: string): Promise<void> {
    const charge = this.#charge(name)
    charge.held = false
    charge.wake()
    await charge.serving.opened
  }

  /** Ends all processes, the last started first: each gets its stop signal and, after the grace, SIGKILL. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll()
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #stopAll(): Promise<void> {
    this.#stopping.abort(new Error('the supervisor stops'))
    for (const charge of [...this.#charges.values()].toReversed()) {
      charge.wake()
      charge.serving.open()
      if (charge.life !== undefined) await this.#end(charge.life, charge.spec.stopSignal ?? 'SIGTERM')
      await charge.supervision
    }
    await this.#reaper[Symbol.asyncDispose]()
  }

  async #supervise(charge: Charge, first: Life): Promise<void> {
    let life: Life | undefined = first
    let failures = 0
    for (;;) {
      if (life !== undefined) {
        await life.ended
        if (Date.now() - life.bornAt > settledMs) failures = 0
      }
      await this.#pause(charge, failures)
      failures += 1
      if (this.#stopping.signal.aborted) return
      // A restart that fails was told as an event when the process ended; the next one is tried after a longer pause.
      life = await this.#launch(charge).catch(() => undefined)
    }
  }

  async #pause(charge: Charge, failures: number): Promise<void> {
    const { signal } = this.#stopping
    const woken = new AbortController()
    charge.wake = () => woken.abort()
    if (signal.aborted) return
    const pauseMs = Math.min(this.#options.backOffMs * 2 ** failures, maxBackOffMs)
    await delay(pauseMs, undefined, { signal: woken.signal }).catch(() => undefined)
    while (charge.held && !signal.aborted) {
      await new Promise<void>((resolve) => {
        charge.wake = resolve
      })
    }
  }

  async #launch(charge: Charge): Promise<Life> {
    const { spec } = charge
    const life = await this.#spawn(charge)
    const ended = new AbortController()
    void life.ended.then((how) => ended.abort(how))
    const deadline = AbortSignal.timeout(this.#options.readyMs)
    try {
      await spec.ready(life.child, AbortSignal.any([ended.signal, deadline, this.#stopping.signal]))
    } catch (cause) {
      if (this.#stopping.signal.aborted) throw cause
      const failure = cause instanceof StartError ? cause : this.#explain(spec, ended.signal, cause)
      await this.#end(life, 'SIGKILL')
      throw failure
    }
    charge.serving.open()
    this.#options.onEvent({ type: 'ready', name: spec.name, pid: life.pid })
    return life
  }

  #explain(spec: ProcessSpec, ended: AbortSignal, cause: unknown): StartError {
    const problem = ended.aborted
      ? `ended before it was ready (${ended.reason})`
      : `was not ready after ${this.#options.readyMs} ms`
    return new StartError(`${spec.name} ${problem}`, `Its log: ${spec.logFile}`, { cause })
  }

  async #spawn(charge: Charge): Promise<Life> {
    const { spec } = charge
    this.#stopping.signal.throwIfAborted()
    const log = openSync(spec.logFile, 'a', 0o600)
    const child = spawn(spec.command, spec.args, {
      ...spec.user,
      cwd: spec.cwd,
      // An own group: a Ctrl+C in the terminal must not reach it past the order of `stop`.
      detached: true,
      env: spec.env,
      stdio: ['ignore', log, log, ...(spec.ipc === true ? (['ipc'] as const) : [])],
    })
    closeSync(log)
    const { pid } = child
    if (pid === undefined) throw await spawnFailure(spec, child)
    this.#reaper.add(pid, spec.stopSignal ?? 'SIGTERM')
    const ended = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => {
        this.#reaper.drop(pid)
        charge.life = undefined
        if (charge.serving.isOpen()) charge.serving = createGate()
        const how = signal ?? `exit code ${code}`
        if (!this.#stopping.signal.aborted) {
          this.#options.onEvent({ type: 'ended', name: spec.name, pid, how, held: charge.held })
        }
        resolve(how)
      })
    })
    charge.life = { child, pid, bornAt: Date.now(), ended }
    return charge.life
  }

  async #end(life: Life, signal: NodeJS.Signals): Promise<void> {
    const timer = setTimeout(() => life.child.kill('SIGKILL'), this.#options.graceMs)
    life.child.kill(signal)
    await life.ended
    clearTimeout(timer)
    killGroup(life.pid)
  }

  #startReaper(): Reaper {
    const reaper = new Reaper(() => {
      if (this.#stopping.signal.aborted) return
      this.#reaper = this.#startReaper()
      for (const { life, spec } of this.#charges.values()) {
        if (life !== undefined) this.#reaper.add(life.pid, spec.stopSignal ?? 'SIGTERM')
      }
    })
    return reaper
  }

  #charge(name: string): Charge {
    const charge = this.#charges.get(name)
    if (charge === undefined) throw new Error(`${name} is not supervised`)
    return charge
  }
}

function createGate(): Gate {
  let isOpen = false
  let settle: (() => void) | undefined
  const opened = new Promise<void>((resolve) => {
    settle = resolve
  })
  function open(): void {
    isOpen = true
    settle?.()
  }
  return { opened, open, isOpen: () => isOpen }
}

function spawnFailure(spec: ProcessSpec, child: ChildProcess): Promise<StartError> {
  return new Promise((resolve) => {
    child.once('error', (cause) => {
      resolve(
        new StartError(`${spec.name} cannot be started: ${cause.message}`, `Check that ${spec.command} is there.`, {
          cause,
        }),
      )
    })
  })
}

// What a process started itself ends with it; usually nothing is left in its group.
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
