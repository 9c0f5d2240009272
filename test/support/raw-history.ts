import type { WorkflowService } from '@temporalio/client'
import proto from '@temporalio/proto'

/** Every byte of a session's current run as the server keeps it. */
export async function readRawHistory(service: WorkflowService, session: string): Promise<Buffer> {
  return Buffer.concat(await readRawEvents(service, session))
}

/** The same, event by event. */
export async function readRawEvents(service: WorkflowService, session: string): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = []
  let nextPageToken: Uint8Array = new Uint8Array()
  do {
    const page = await service.getWorkflowExecutionHistory({
      namespace: 'default',
      execution: { workflowId: session },
      nextPageToken,
    })
    for (const event of page.history?.events ?? []) {
      chunks.push(proto.temporal.api.history.v1.HistoryEvent.encode(event).finish())
    }
    nextPageToken = page.nextPageToken ?? new Uint8Array()
  } while (nextPageToken.length > 0)
  return chunks
}

/** Which of a word's spellings a history holds: as it is, or in base64. */
export function spellingsIn(history: Buffer, word: string): readonly string[] {
  const encoded = [0, 1, 2].map((shift) => Buffer.from(word).subarray(shift).toString('base64').slice(0, -4))
  return [word, ...encoded].filter((spelling) => history.includes(spelling))
}
