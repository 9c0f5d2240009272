import type { Connection } from '@temporalio/client'
import type { Postgres } from '../support/postgres.ts'
import type { Reads } from './recorder.ts'

const namespace = 'default'
/** Those of the reader's own source. */
const pageOfWhole = 256
const pageOfRest = 32

/** Reads the same history events and rows by gRPC and SQL alone, one after the other, and makes nothing of them. */
export async function readRaw(connection: Connection, postgres: Postgres, reads: Reads): Promise<void> {
  for (const { session, run, after } of reads.histories) await readHistory(connection, { session, run, after })
  for (const { session, first, last } of reads.stretches) {
    await postgres.query(
      `select run, event, index, at, audience, entry, blobs from archived_items
       where session_id = $1 and audience in ('all', 'model')
         and (run, event, index) >= ($2, $3, $4) and (run, event, index) <= ($5, $6, $7)
       order by run, event, index`,
      [session, first.run, first.event, first.index, last.run, last.event, last.index],
    )
  }
}

async function readHistory(
  { workflowService }: Connection,
  { session, run, after }: Reads['histories'][number],
): Promise<void> {
  let nextPageToken: Uint8Array | null | undefined
  do {
    const page = await workflowService.getWorkflowExecutionHistoryReverse({
      namespace,
      execution: { workflowId: session, ...(run ? { runId: run } : {}) },
      maximumPageSize: after === 0 ? pageOfWhole : pageOfRest,
      ...(nextPageToken ? { nextPageToken } : {}),
    })
    if (page.history?.events?.some(({ eventId }) => Number(eventId) <= after)) return
    nextPageToken = page.nextPageToken
  } while (nextPageToken && nextPageToken.length > 0)
}
