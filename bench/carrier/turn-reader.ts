import type { Connection } from '@temporalio/client'
import { defaultPayloadConverter } from '@temporalio/common'
import { HistoryReader } from '../support/history-reader.ts'
import type { Execution, HistoryEvent } from '../support/history-reader.ts'

/** Reads one workflow's history and tells when a turn's idle group has come. */
export class TurnReader implements AsyncDisposable {
  /** Types of all decisions seen so far, in log order, whichever way they were carried. */
  readonly decisions: string[] = []
  readonly #reader: HistoryReader
  #onIdle: (at: number) => void = () => undefined

  constructor(connection: Connection, execution: Execution) {
    this.#reader = new HistoryReader(connection, execution, (event) => this.#take(event))
  }

  /** Resolves with the time (`performance.now()`) at which the next idle group was decoded. */
  nextIdle(): Promise<number> {
    const idle = new Promise<number>((resolve) => {
      this.#onIdle = resolve
    })
    return Promise.race([idle, this.#reader.ended()])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#reader[Symbol.asyncDispose]()
  }

  #take(event: HistoryEvent): void {
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

function readDecisions(event: HistoryEvent): readonly Decision[] {
  const memo = event.workflowPropertiesModifiedEventAttributes?.upsertedMemo?.fields?.['log']
  // Both payloads were written by the workflows of this benchmark, in these shapes.
  if (memo) return defaultPayloadConverter.fromPayload<readonly Decision[]>(memo)
  const input = event.activityTaskScheduledEventAttributes?.input?.payloads?.[0]
  if (!input) return []
  return defaultPayloadConverter.fromPayload<{ readonly decisions?: readonly Decision[] }>(input).decisions ?? []
}
