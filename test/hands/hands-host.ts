import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../../src/config.ts'
import type { SandboxRow } from '../../src/hands/bindings.ts'
import { createLocalProvider } from '../../src/hands/local.ts'
import { programOf } from '../../src/program-of.ts'
import { devOptions } from '../../src/programs.ts'
import { sandboxFolder } from '../../src/sandboxes.ts'
import type { Yard } from '../chaos/yard.ts'
import { startOwnProcess } from '../support/own-process.ts'
import { handsEnvironment } from './hands-process.ts'

/** A worker of the hands in a process of its own, on a data folder of its own, as on another machine. */
export interface HandsHost extends AsyncDisposable {
  readonly name: string
  /** Freezes it where it is, lets it go on, or ends it at once. */
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void
  /** Another process after it was killed. */
  start(): Promise<void>
  /** Of the session, on this host. */
  sandboxesOf(session: string): Promise<readonly SandboxRow[]>
  /** What a command prints in the session's sandbox on this host, past any worker; null where it has none. */
  look(session: string, command: string): Promise<string | null>
  /** Ends the session's sandbox behind the worker's back. */
  destroy(session: string): Promise<void>
  readLog(): Promise<string>
}

/** Starts it beside a server whose own worker has no hands. */
export async function startHandsHost(yard: Yard, name: string, more: NodeJS.ProcessEnv = {}): Promise<HandsHost> {
  const data = await mkdtemp(join(tmpdir(), `longhand-${name}-`))
  const logFile = join(data, 'worker.log')
  const provider = createLocalProvider({ folder: sandboxFolder(data) })
  const env: NodeJS.ProcessEnv = {
    ...(await handsEnvironment(yard, data)),
    LONGHAND_BLOBS: yard.data,
    LONGHAND_SANDBOX: 'local',
    LONGHAND_HOST: name,
    ...more,
  }
  const start = () => startOwnProcess(programOf('worker'), { env, logFile })

  let child = await start().catch(async (error: unknown) => {
    await rm(data, { recursive: true, force: true })
    throw error
  })
  let looks = 0
  const sandboxesOf: HandsHost['sandboxesOf'] = async (session) =>
    (await provider.list()).filter(({ sessionId }) => sessionId === session)
  return {
    name,
    sandboxesOf,
    signal: (signal) => void child.kill(signal),
    async start() {
      child = await start()
    },
    async look(session, command) {
      for (const row of await sandboxesOf(session)) {
        const sandbox = await provider.attach(row)
        if (!sandbox) continue
        looks += 1
        const { output } = await sandbox.run({ id: `look${looks}`, command, timeoutMs: 10_000, capBytes: 4096 })
        return Buffer.from(output).toString()
      }
      return null
    },
    async destroy(session) {
      for (const row of await sandboxesOf(session)) await provider.destroy(row)
    },
    readLog: () => readFile(logFile, 'utf8'),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGCONT')
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      await devOptions(readConfig({ data, sandbox: 'local' }, { HOME: '/' }), {}).endSandboxes?.()
      await rm(data, { recursive: true, force: true })
    },
  }
}
