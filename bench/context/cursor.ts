import type { Connection } from '@temporalio/client'
import type { Cursor } from '../../src/activities/context.ts'

const namespace = 'default'
/** More than a turn leaves. */
const lastEvents = 64

/**
 * Names the last model call of a session's present run, which is where its context ends. Null when the run has had none
 * yet, because it has just begun.
 */
export async function findCursor({ workflowService }: Connection, session: string): Promise<Cursor | null> {
  const described = await workflowService.describeWorkflowExecution({ namespace, execution: { workflowId: session } })
  const run = described.workflowExecutionInfo?.execution?.runId ?? ''
  const { history } = await workflowService.getWorkflowExecutionHistoryReverse({
    namespace,
    execution: { workflowId: session, runId: run },
    maximumPageSize: lastEvents,
  })
  const call = history?.events
    ?.map((event) => event.activityTaskScheduledEventAttributes)
    .find((scheduled) => scheduled?.activityType?.name === 'callModel')
  return call?.activityId ? { session, run, activity: call.activityId } : null
}
