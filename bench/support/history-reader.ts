import type { Connection } from '@temporalio/client'
import type proto from '@temporalio/proto'

export type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent

export interface Execution {
  readonly workflowId: string
  readonly runId: string
}

/** Reads one run's history by long poll from its beginning, without any worker, until its disposal. */
export class HistoryReader implements AsyncDisposable {
  readonly #connection: Connection
  readonly #execution: Execution
  readonly #closing = new AbortController()
  readonly #reading: Promise<void>

  constructor(connection: Connection, execution: Execution, onEvent: (event: HistoryEvent) => void) {
    this.#connection = connection
    this.#execution = execution
    this.#reading = this.#read(onEvent)
    // A failure is told by `ended` and by disposal; until one of them is called it must not end the process.
    this.#reading.catch(() => undefined)
  }

  /** Rejects when the run ends or cannot be read; never resolves. */
  async ended(): Promise<never> {
    await this.#reading
    throw new Error(`the history of ${this.#execution.workflowId} ended`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#reading
  }

  async #read(onEvent: (event: HistoryEvent) => void): Promise<void> {
    let token: Uint8Array | undefined
    while (!this.#closing.signal.aborted) {
      const page = await this.#poll(token)
      if (page === undefined) continue
      for (const event of page.history?.events ?? []) onEvent(event)
      token = page.nextPageToken
      if (token.length === 0) return
    }
  }

  /** One long poll; `undefined` when it was given up because the reader closes. */
  async #poll(nextPageToken: Uint8Array | undefined) {
    // A fresh controller for each poll: the connection never removes its listener.
    const poll = new AbortController()
    const abort = (): void => poll.abort()
    this.#closing.signal.addEventListener('abort', abort)
    const request = {
      namespace: 'default',
      execution: this.#execution,
      maximumPageSize: 64,
      waitNewEvent: true,
      ...(nextPageToken ? { nextPageToken } : {}),
    }
    try {
      return await this.#connection.withDeadline(Date.now() + 30_000, () =>
        this.#connection.withAbortSignal(poll.signal, () =>
          this.#connection.workflowService.getWorkflowExecutionHistory(request),
        ),
      )
    } catch (error) {
      if (this.#closing.signal.aborted) return undefined
      throw error
    } finally {
      this.#closing.signal.removeEventListener('abort', abort)
    }
  }
}
