import type { WorkflowService } from '@temporalio/client'
import proto from '@temporalio/proto'

/** Every byte of a session's current run as the server keeps it. */
export async function readRawHistory(service: WorkflowService, session: string): Promise<Buffer> {
  return Buffer.concat(await readRawEvents(service, session))
}

/** The same, event by event. */
export async function readRawEvents(service: WorkflowService, session: string): Promise<readonly Uint8Array[]> {
  return (await readEvents(service, session)).map(encode)
}

/** The same of each of its runs, the current one first. */
export async function readRawRuns(service: WorkflowService, session: string): Promise<readonly Buffer[]> {
  const runs: Buffer[] = []
  let before: string | null | undefined
  do {
    const events = await readEvents(service, session, before)
    runs.push(Buffer.concat(events.map(encode)))
    before = events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId
  } while (before)
  return runs
}

type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent

function encode(event: HistoryEvent): Uint8Array {
  return proto.temporal.api.history.v1.HistoryEvent.encode(event).finish()
}

async function readEvents(
  service: WorkflowService,
  session: string,
  runId?: string | null,
): Promise<readonly HistoryEvent[]> {
  const events: HistoryEvent[] = []
  let nextPageToken: Uint8Array = new Uint8Array()
  do {
    const page = await service.getWorkflowExecutionHistory({
      namespace: 'default',
      execution: { workflowId: session, runId: runId ?? null },
      nextPageToken,
    })
    events.push(...(page.history?.events ?? []))
    nextPageToken = page.nextPageToken ?? new Uint8Array()
  } while (nextPageToken.length > 0)
  return events
}

/** Which of a word's spellings a history holds: as it is, or in base64. */
export function spellingsIn(history: Buffer, word: string): readonly string[] {
  const encoded = [0, 1, 2].map((shift) => Buffer.from(word).subarray(shift).toString('base64').slice(0, -4))
  return [word, ...encoded].filter((spelling) => history.includes(spelling))
}
