import type { WorkflowClient } from '@temporalio/client'
import type { PayloadCodec } from '@temporalio/common'
import { decodeEvent } from './decode.ts'
import type { HistoryItem } from './item.ts'

/** History of one workflow as the log's readers need it: no worker is involved and nothing is written. */
export interface HistorySource {
  /**
   * The items after event `after` (0 = all), oldest first, read backwards from the present. Without a `runId` the
   * current run is read. Rejects with the server's `NotFound` for a workflow that is not there.
   */
  read(session: string, runId: string | null, after: number): Promise<readonly HistoryItem[]>
  /** The run that the session is in now, or was in when it ended. Rejects like `read`, and soon. */
  present(session: string): Promise<string>
  /**
   * Waits until the run grows, at most 30 s. Without a token it starts at the run's first event. A null
   * token in the answer: the run has ended and has been read to its end.
   */
  poll(place: PollPlace, signal: AbortSignal): Promise<Polled>
}

export type Token = Uint8Array

export interface PollPlace {
  readonly session: string
  readonly runId: string
  readonly token: Token | null
}

export interface Polled {
  readonly items: readonly HistoryItem[]
  readonly token: Token | null
}

/** The server answers an idle poll after 20 s; this is when we stop believing that it will. */
const POLL_MS = 30_000
const READ_MS = 10_000
const PRESENT_MS = 1_000
const COLD_PAGE = 256
const WARM_PAGE = 32

export function createHistorySource(client: WorkflowClient): HistorySource {
  const { connection, workflowService: service, options } = client
  const { namespace } = options
  const codecs: readonly PayloadCodec[] = options.loadedDataConverter.payloadCodecs

  return {
    async read(session, runId, after) {
      const execution = { workflowId: session, ...(runId ? { runId } : {}) }
      const maximumPageSize = after === 0 ? COLD_PAGE : WARM_PAGE
      const newestFirst: HistoryItem[] = []
      let nextPageToken: Token | undefined
      do {
        const page = await connection.withDeadline(Date.now() + READ_MS, () =>
          service.getWorkflowExecutionHistoryReverse({
            namespace,
            execution,
            maximumPageSize,
            ...(nextPageToken ? { nextPageToken } : {}),
          }),
        )
        for (const event of page.history?.events ?? []) {
          if (Number(event.eventId) <= after) return newestFirst.toReversed()
          const item = await decodeEvent(event, codecs)
          if (item) newestFirst.push(item)
        }
        nextPageToken = page.nextPageToken ?? undefined
      } while (nextPageToken && nextPageToken.length > 0)
      return newestFirst.toReversed()
    },

    async present(session) {
      const { workflowExecutionInfo: about } = await connection.withDeadline(Date.now() + PRESENT_MS, () =>
        service.describeWorkflowExecution({ namespace, execution: { workflowId: session } }),
      )
      return about?.execution?.runId ?? ''
    },

    async poll({ session, runId, token }, signal) {
      const page = await connection.withAbortSignal(signal, () =>
        connection.withDeadline(Date.now() + POLL_MS, () =>
          service.getWorkflowExecutionHistory({
            namespace,
            execution: { workflowId: session, runId },
            maximumPageSize: COLD_PAGE,
            waitNewEvent: true,
            ...(token ? { nextPageToken: token } : {}),
          }),
        ),
      )
      const items: HistoryItem[] = []
      for (const event of page.history?.events ?? []) {
        const item = await decodeEvent(event, codecs)
        if (item) items.push(item)
      }
      return { items, token: page.nextPageToken && page.nextPageToken.length > 0 ? page.nextPageToken : null }
    },
  }
}

/** Whether the server says that the workflow, or this run of it, is not there. */
export function isNotFound(error: unknown): boolean {
  return hasCode(error, 5)
}

/** Whether the server refuses the request itself; for a poll that means its token. */
export function isInvalidArgument(error: unknown): boolean {
  return hasCode(error, 3)
}

/** Whether the server was not reached, is overloaded or did not answer in time. */
export function isUnavailable(error: unknown): boolean {
  return hasCode(error, 4) || hasCode(error, 8) || hasCode(error, 14)
}

function hasCode(error: unknown, code: number): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code
}
