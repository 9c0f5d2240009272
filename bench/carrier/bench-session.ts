import { randomUUID } from 'node:crypto'
import { Client } from '@temporalio/client'
import type { Connection, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client'
import { TurnReader } from './turn-reader.ts'

/** `memo`: every flush is a memo of its own. `ride`: decisions ride in the next activity's input. */
export const carriers = ['memo', 'ride'] as const
export type Carrier = (typeof carriers)[number]

/** The size of a history, as the server counts it. */
export interface History {
  readonly events: number
  readonly bytes: number
}

const turnDecisions = [
  'session.status_running',
  'session.thread_status_running',
  'log.mark',
  'span.model_request_start',
  'span.model_request_start',
  'session.thread_status_idle',
  'session.usage',
  'session.status_idle',
]

/** A running session of one carrier with its reader; it ends with its disposal. */
export class BenchSession implements AsyncDisposable {
  readonly #handle: WorkflowHandleWithFirstExecutionRunId
  readonly #reader: TurnReader

  static async start(connection: Connection, carrier: Carrier): Promise<BenchSession> {
    const workflowId = `sesn_${randomUUID().replaceAll('-', '').slice(0, 24)}`
    const options = { workflowId, taskQueue: 'brain', workflowTaskTimeout: '3 seconds', args: [] } as const
    const handle = await new Client({ connection }).workflow.start(`${carrier}Session`, options)
    return new BenchSession(handle, new TurnReader(connection, { workflowId, runId: handle.firstExecutionRunId }))
  }

  private constructor(handle: WorkflowHandleWithFirstExecutionRunId, reader: TurnReader) {
    this.#handle = handle
    this.#reader = reader
  }

  /** Sends a message; resolves with the milliseconds until the reader holds the idle group. */
  async runTurn(): Promise<number> {
    const idle = this.#reader.nextIdle()
    const content = [{ type: 'text', text: 'Run the tests, then ship it with ./ship.sh and tell me what happened.' }]
    const event = { id: `sevt_${randomUUID().replaceAll('-', '').slice(0, 24)}`, type: 'user.message', content }
    const sent = performance.now()
    const [at] = await Promise.all([idle, this.#handle.signal('events', { events: [event], by: 'key_bench' })])
    return at - sent
  }

  async size(): Promise<History> {
    const { historyLength, historySize } = await this.#handle.describe()
    return { events: historyLength, bytes: historySize ?? Number.NaN }
  }

  /** Throws unless the log holds, for each turn, exactly the decisions of a turn in their order. */
  verify(turns: number): void {
    const expected = Array.from({ length: turns }, () => turnDecisions)
      .flat()
      .join()
    if (this.#reader.decisions.join() !== expected)
      throw new Error(`the log of ${this.#handle.workflowId} lacks decisions`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader[Symbol.asyncDispose]()
    await this.#handle.terminate()
  }
}
