import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished, vi } from 'vitest'
import { findReferenceNode } from '../hands/tools/reference.ts'
import type { WorkerOptions, WorkerRequest } from './worker-program.ts'

const program = fileURLToPath(new URL('worker-program.ts', import.meta.url))

/** A process of the SDK's own worker; it is killed with the test. */
export interface EnvironmentWorker {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined
  /** What it has asked of the API so far, in the order of the answers. */
  readonly requests: readonly WorkerRequest[]
  /** What it wrote on stderr: the SDK's own log. */
  readonly said: readonly string[]
  /** False when it is gone. */
  signal(name: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): boolean
  /** Resolves with its exit code once it is gone; null after a kill. */
  readonly ended: Promise<number | null>
  /** Resolves at the `count`-th request of this kind. */
  until(matches: (request: WorkerRequest) => boolean, count?: number): Promise<void>
}

export interface Employment extends Omit<WorkerOptions, 'environmentId' | 'workdir'> {
  readonly url: string
  readonly environment: string
  readonly key: string
  readonly workdir: string
  /** What the program runs in: by default nothing. */
  readonly within?: readonly string[]
}

/** A Node that can run the worker; null, with a reason on the console, where there is none. */
export async function findWorkerNode(): Promise<string | null> {
  const node = await findReferenceNode()
  if (node === null) console.log('the SDK’s own worker does not run: Node 24 is not in the cache folder')
  return node
}

/** A folder for a worker, gone with the test. */
export async function makeWorkdir(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'longhand-worker-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

export function startEnvironmentWorker(node: string, employment: Employment): EnvironmentWorker {
  const { url, environment: environmentId, key, within = [], ...options } = employment
  const [command, ...args] = [...within, node, program, JSON.stringify({ environmentId, ...options })]
  const child = spawn(command ?? node, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ANTHROPIC_BASE_URL: url, ANTHROPIC_ENVIRONMENT_KEY: key, ANTHROPIC_LOG: 'warn' },
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  onTestFinished(async () => {
    child.kill('SIGCONT')
    child.kill('SIGKILL')
    await ended
  })
  const requests: WorkerRequest[] = []
  const said: string[] = []
  // Written by the program alone.
  createInterface({ input: child.stdout }).on('line', (line) => requests.push(JSON.parse(line) as WorkerRequest))
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line))
  return {
    pid: child.pid,
    requests,
    said,
    ended,
    signal: (name) => child.kill(name),
    until: (matches, count = 1) =>
      vi.waitFor(
        () => {
          if (requests.filter(matches).length < count) {
            throw new Error(`expected ${count} such requests, got ${JSON.stringify(requests)}; ${said.join('\n')}`)
          }
        },
        { timeout: 30_000, interval: 50 },
      ),
  }
}
