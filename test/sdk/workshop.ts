import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import type { SessionEvent, Work } from '../../src/wire/types.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import type { Recording } from './drive.ts'
import { bash, listAll, only, program, record } from './drive.ts'
import type { Employment, EnvironmentWorker } from './environment-worker.ts'
import { makeWorkdir, startEnvironmentWorker } from './environment-worker.ts'
import { openPlace } from './own-place.ts'
import type { Prepared } from './use-stack.ts'
import type { WorkerRequest } from './worker-program.ts'

/** A self-hosted environment of its own, with sessions in it and workers for it that share a folder. */
export interface Workshop {
  readonly environment: string
  readonly keyId: string
  readonly workdir: string
  /** Starts a worker. */
  work(more?: Partial<Employment>): EnvironmentWorker
  /** A session that has begun with these lines of a program, and its stream from its beginning. */
  begin(...lines: string[]): Promise<{ readonly session: string; readonly recording: Recording }>
  /** Its items, newest first. */
  items(): Promise<readonly Work[]>
}

export async function openWorkshop(prepared: Pick<Prepared, 'stack' | 'agent'>, node: string): Promise<Workshop> {
  const { sdk, urls } = prepared.stack
  const { environment, key, keyId, create } = await openPlace(prepared)
  const workdir = await makeWorkdir()
  return {
    environment,
    keyId,
    workdir,
    work: (more = {}) => startEnvironmentWorker(node, { url: urls[0] ?? '', environment, key, workdir, ...more }),
    async begin(...lines) {
      const { id: session } = await create()
      const recording = await record(sdk, session)
      if (lines.length > 0) await sdk.beta.sessions.events.send(session, { events: [program(...lines)] })
      return { session, recording }
    },
    items: async () => (await sdk.beta.environments.work.list(environment)).data,
  }
}

/** The command leaves a line in the ledger, and ends once there are so many, or when the test says so. */
export function runUntil(lines: number): string {
  const wait = `while [ ! -e stop ] && [ $(wc -l < ledger) -lt ${lines} ]; do sleep 0.05; done`
  return bash(`echo run >> ledger; ${wait}; echo "after $(wc -l < ledger)"`)
}

/** How often such a command has begun. */
export async function runs({ workdir }: Pick<Workshop, 'workdir'>): Promise<number> {
  const ledger = await readFile(join(workdir, 'ledger'), 'utf8').catch(() => '')
  return ledger.split('\n').length - 1
}

/** Resolves when one has begun. */
export async function ranOnce(workshop: Workshop): Promise<void> {
  await vi.waitFor(async () => expect(await runs(workshop)).toBe(1), { timeout: 30_000 })
}

/** Ends all that have begun and will begin. */
export async function release({ workdir }: Workshop): Promise<void> {
  await writeFile(join(workdir, 'stop'), '')
}

/** Whether a worker says that it has let go of an item. */
export function isStop({ path }: WorkerRequest): boolean {
  return path.endsWith('/stop')
}

/** Whether the session's turn has come to its end. */
export function isDone(events: readonly SessionEvent[]): boolean {
  return only(events, 'session.status_idle').at(-1)?.stop_reason.type === 'end_turn'
}

/** What the calls came to, with the types of the events that say so, in the order of the log. */
export function resultsIn(events: readonly SessionEvent[]): readonly string[] {
  return events.flatMap((event) =>
    event.type === 'user.tool_result' || event.type === 'user.custom_tool_result' || event.type === 'agent.tool_result'
      ? [`${event.type} ${JSON.stringify(event.content?.map((block) => ('text' in block ? block.text : block.type)))}`]
      : [],
  )
}

export async function expectSound({ stack }: Pick<Prepared, 'stack'>, session: string): Promise<void> {
  expect(faultsOfLog(await listAll(stack.sdk, session), 'list', { selfHosted: true })).toEqual([])
}
