import { randomUUID } from 'node:crypto'
import { devNull } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Client } from '@temporalio/client'
import type { Connection, WorkflowHandle } from '@temporalio/client'
import { awaitReady } from '../../src/dev/ready.ts'
import { Supervisor } from '../../src/dev/supervisor.ts'
import type { Directive } from '../support/directive.ts'
import { toText } from '../support/directive.ts'

/** Starts the plain agents' worker as a process of its own; disposal ends it. */
export async function startPlainWorker(address: string): Promise<AsyncDisposable> {
  const supervisor = new Supervisor()
  const file = fileURLToPath(import.meta.resolve('./worker.ts'))
  const command = { command: process.execPath, args: ['--import', 'tsx', file, address] }
  const shared = { env: process.env, logFile: devNull, ipc: true, ready: awaitReady }
  await supervisor.start({ ...command, ...shared, name: 'plain worker' })
  return supervisor
}

/** Far longer than a turn takes: one that is not over by then has failed. */
const mostMs = 20_000

/** An agent that passes its whole conversation to each model call. Ends with its disposal. */
export class PlainAgent implements AsyncDisposable {
  readonly #connection: Connection
  readonly #handle: WorkflowHandle
  readonly #directive: Omit<Directive, 'tag'>
  #turns = 0

  /** @param directive what every turn is like */
  static async start(connection: Connection, directive: Omit<Directive, 'tag'>): Promise<PlainAgent> {
    const options = { workflowId: `plain-${randomUUID()}`, taskQueue: 'plain' }
    const handle = await new Client({ connection }).workflow.start('plainAgent', options)
    return new PlainAgent(connection, handle, directive)
  }

  private constructor(connection: Connection, handle: WorkflowHandle, directive: Omit<Directive, 'tag'>) {
    this.#connection = connection
    this.#handle = handle
    this.#directive = directive
  }

  get id(): string {
    return this.#handle.workflowId
  }

  /** Turns that ended well. */
  get turns(): number {
    return this.#turns
  }

  /** Goes on until it has had so many turns; rejects with what the turn failed of. */
  async reach(turns: number): Promise<void> {
    while (this.#turns < turns) {
      const text = toText({ ...this.#directive, tag: `${this.id}-${this.#turns + 1}` })
      await this.#connection.withDeadline(Date.now() + mostMs, () =>
        this.#handle.executeUpdate('say', { args: [text] }),
      )
      this.#turns += 1
    }
  }

  /** What ended it: the server's word if it has one, else the failure that `reach` rejected with. */
  async explain(failure: unknown): Promise<string> {
    const { status } = await this.#handle.describe()
    const { history } = await this.#connection.workflowService.getWorkflowExecutionHistoryReverse({
      namespace: 'default',
      execution: { workflowId: this.id },
      maximumPageSize: 10,
    })
    const reasons = (history?.events ?? []).flatMap((event) => [
      event.workflowExecutionTerminatedEventAttributes?.reason,
      event.workflowExecutionFailedEventAttributes?.failure?.message,
      event.workflowTaskFailedEventAttributes?.failure?.message,
    ])
    const reason = reasons.find(Boolean) ?? String(failure)
    return `failed in turn ${this.#turns + 1}, its status is ${status.name}: ${reason}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // One that the server has ended cannot be terminated.
    await this.#handle.terminate().catch(() => undefined)
  }
}
