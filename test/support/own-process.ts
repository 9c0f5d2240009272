import type { ChildProcess, StdioOptions } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject, onTestFinished } from 'vitest'
import type { Program } from '../../src/dev/dev-options.ts'
import { awaitReady } from '../../src/dev/ready.ts'
import { programOf } from '../../src/program-of.ts'
import { temporaryFolder } from './programs.ts'

export interface ProcessOptions {
  readonly env: NodeJS.ProcessEnv
  readonly logFile: string
  /** Hears of the process before it serves. */
  readonly onSpawn?: (child: ChildProcess) => void
}

const TOLD_LINES = 20

/** Resolves when the process serves; rejects when it ends before. */
export async function startOwnProcess(
  program: Program,
  { env, logFile, onSpawn }: ProcessOptions,
): Promise<ChildProcess> {
  const log = openSync(logFile, 'a')
  const stdio: StdioOptions = ['ignore', log, log, 'ipc']
  const child = spawn(program.command, program.args, { env, stdio })
  closeSync(log)
  onSpawn?.(child)
  const ended = new AbortController()
  child.once('exit', (code, signal) => {
    const last = readFileSync(logFile, 'utf8').split('\n').slice(-TOLD_LINES).join('\n')
    ended.abort(new Error(`it ended before it served, by ${signal ?? code}; the end of ${logFile}:\n${last}`))
  })
  await awaitReady(child, ended.signal)
  return child
}

/**
 * A process of ours by the name of its root, on this database and the Temporal server of the run, with nothing of this
 * process's environment that it is not given. It ends with the test.
 */
export async function serve(name: 'api' | 'worker', { databaseUrl, env }: ServeOptions): Promise<ChildProcess> {
  const folder = await temporaryFolder()
  const all = {
    PATH: process.env['PATH'],
    HOME: folder,
    XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? join(process.env['HOME'] ?? '', '.cache'),
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    ...env,
  }
  return startOwnProcess(programOf(name), {
    env: all,
    logFile: join(folder, `${name}.log`),
    onSpawn: (child) => onTestFinished(() => endOwnProcess(child).then(() => undefined)),
  })
}

export interface ServeOptions {
  readonly databaseUrl: string
  readonly env: NodeJS.ProcessEnv
}

/** Asks it to end, unless it has, and answers its exit code. */
export async function endOwnProcess(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  return child.exitCode
}
