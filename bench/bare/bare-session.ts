import { randomUUID } from 'node:crypto'
import { devNull } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Client } from '@temporalio/client'
import type { Connection, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { awaitReady } from '../../src/dev/ready.ts'
import { Supervisor } from '../../src/dev/supervisor.ts'
import { HistoryReader } from '../support/history-reader.ts'
import type { HistoryEvent } from '../support/history-reader.ts'

/** Starts the worker of bare workflows as a process of its own; disposal ends it. */
export async function startBareWorker(address: string): Promise<AsyncDisposable> {
  const supervisor = new Supervisor()
  const file = fileURLToPath(import.meta.resolve('./worker.ts'))
  const command = { command: process.execPath, args: ['--import', 'tsx', file, address] }
  const shared = { env: process.env, logFile: devNull, ipc: true, ready: awaitReady }
  await supervisor.start({ ...command, ...shared, name: 'bare worker' })
  return supervisor
}

/** A bare workflow: what Temporal alone needs for a turn. Ends with its disposal. */
export class BareSession implements AsyncDisposable {
  readonly #handle: WorkflowHandleWithFirstExecutionRunId
  readonly #reader: HistoryReader
  #isAnswered = false
  #onDone: () => void = () => undefined

  static async start(connection: Connection): Promise<BareSession> {
    const options = { workflowId: `bare-${randomUUID()}`, taskQueue: 'bare', workflowTaskTimeout: '3 seconds' } as const
    return new BareSession(connection, await new Client({ connection }).workflow.start('bareSession', options))
  }

  private constructor(connection: Connection, handle: WorkflowHandleWithFirstExecutionRunId) {
    this.#handle = handle
    const execution = { workflowId: handle.workflowId, runId: handle.firstExecutionRunId }
    this.#reader = new HistoryReader(connection, execution, (event) => this.#take(event))
  }

  /** Milliseconds that the signal's call takes, while the workflow waits. */
  async signal(): Promise<number> {
    const startedAt = performance.now()
    await this.#handle.signal('go')
    return performance.now() - startedAt
  }

  /** Resolves when history holds the workflow task behind the answer of the next turn. */
  done(): Promise<void> {
    const done = new Promise<void>((resolve) => {
      this.#onDone = resolve
    })
    return Promise.race([done, this.#reader.ended()])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader[Symbol.asyncDispose]()
    await this.#handle.terminate()
  }

  #take(event: HistoryEvent): void {
    if (event.activityTaskCompletedEventAttributes) this.#isAnswered = true
    if (!event.workflowTaskCompletedEventAttributes || !this.#isAnswered) return
    this.#isAnswered = false
    this.#onDone()
  }
}
