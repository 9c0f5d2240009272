import type { Connection } from '@temporalio/client'
import { defaultPayloadConverter } from '@temporalio/common'
import type proto from '@temporalio/proto'

/** Reads one workflow's history by long poll, without any worker, and tells when a turn's idle group has come. */
export class TurnReader implements AsyncDisposable {
  /** Types of all decisions seen so far, in log order, whichever way they were carried. */
  readonly decisions: string[] = []
  readonly #connection: Connection
  readonly #execution: { readonly workflowId: string; readonly runId: string }
  readonly #closing = new AbortController()
  readonly #reading: Promise<void>
  #onIdle: (at: number) => void = () => undefined

  constructor(connection: Connection, execution: { readonly workflowId: string; readonly runId: string }) {
    this.#connection = connection
    this.#execution = execution
    this.#reading = this.#read()
    // A failure is told by `nextIdle` and by disposal; until one of them is called it must not end the process.
    this.#reading.catch(() => undefined)
  }

  /** Resolves with the time (`performance.now()`) at which the next idle group was decoded. */
  nextIdle(): Promise<number> {
    const idle = new Promise<number>((resolve) => {
      this.#onIdle = resolve
    })
    return Promise.race([
      idle,
      this.#reading.then(() => Promise.reject(new Error('the history ended before the turn did'))),
    ])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#reading
  }

  async #read(): Promise<void> {
    let token: Uint8Array | undefined
    while (!this.#closing.signal.aborted) {
      const page = await this.#poll(token)
      if (page === undefined) continue
      for (const event of page.history?.events ?? []) this.#take(event)
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

  #take(event: proto.temporal.api.history.v1.IHistoryEvent): void {
    const decided = readDecisions(event)
    for (const { type } of decided) {
      this.decisions.push(type)
      if (type === 'session.status_idle') this.#onIdle(performance.now())
    }
  }
}

interface Decision {
  readonly type: string
}

function readDecisions(event: proto.temporal.api.history.v1.IHistoryEvent): readonly Decision[] {
  const memo = event.workflowPropertiesModifiedEventAttributes?.upsertedMemo?.fields?.['log']
  // Both payloads were written by the workflows of this benchmark, in these shapes.
  if (memo) return defaultPayloadConverter.fromPayload<readonly Decision[]>(memo)
  const input = event.activityTaskScheduledEventAttributes?.input?.payloads?.[0]
  if (!input) return []
  return defaultPayloadConverter.fromPayload<{ readonly decisions?: readonly Decision[] }>(input).decisions ?? []
}
