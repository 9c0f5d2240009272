import type Anthropic from '@anthropic-ai/sdk'
import type { Connection } from '@temporalio/client'

/** One run's history by Temporal's own count. */
export interface RunSize {
  readonly events: number
  readonly bytes: number
}

const namespace = 'default'

/** Every run of a workflow, the newest first. */
export async function readRuns({ workflowService }: Connection, workflowId: string): Promise<readonly RunSize[]> {
  const runs: RunSize[] = []
  let before: string | null | undefined
  do {
    const described = await workflowService.describeWorkflowExecution({
      namespace,
      execution: { workflowId, ...(before ? { runId: before } : {}) },
    })
    const { historyLength, historySizeBytes, execution } = described.workflowExecutionInfo ?? {}
    runs.push({ events: Number(historyLength), bytes: Number(historySizeBytes) })
    const { history } = await workflowService.getWorkflowExecutionHistory({
      namespace,
      execution: { workflowId, runId: execution?.runId ?? '' },
      maximumPageSize: 1,
    })
    before = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId
  } while (before)
  return runs
}

/** Bytes of what the conversation itself consists of: texts, inputs of calls and their results. */
export async function readContent(sdk: Anthropic, session: string): Promise<number> {
  let bytes = 0
  const add = (text: string): void => void (bytes += Buffer.byteLength(text))
  for await (const event of sdk.beta.sessions.events.list(session, { limit: 1_000 })) {
    if (event.type === 'agent.tool_use') add(JSON.stringify(event.input))
    if (event.type !== 'user.message' && event.type !== 'agent.message' && event.type !== 'agent.tool_result') continue
    for (const block of event.content ?? []) if (block.type === 'text') add(block.text)
  }
  return bytes
}
