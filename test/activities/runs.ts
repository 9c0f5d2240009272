import type { Client } from '@temporalio/client'
import { defaultPayloadConverter } from '@temporalio/common'
import proto from '@temporalio/proto'

export interface StartedRuns {
  /** Temporal's ids of the runs, oldest first; the last one is open. */
  readonly ids: readonly string[]
  end(): Promise<unknown>
}

/** Starts sessions' workflows whose runs do nothing but continue as new, each with the next of `inputs`; no worker runs. */
export async function startRuns(client: Client, session: string, inputs: readonly unknown[]): Promise<StartedRuns> {
  const { connection, workflow, workflowService, options } = client
  const queue = `queue of ${session}`
  const handle = await workflow.start('session', { taskQueue: queue, workflowId: session, args: [inputs[0]] })
  const ids = [handle.firstExecutionRunId]
  for (const input of inputs.slice(1)) {
    const common = { namespace: options.namespace, identity: 'test' }
    const { taskToken } = await connection.withDeadline(Date.now() + 30_000, () =>
      workflowService.pollWorkflowTaskQueue({ ...common, taskQueue: { name: queue } }),
    )
    const continued = {
      workflowType: { name: 'session' },
      taskQueue: { name: queue },
      input: { payloads: [defaultPayloadConverter.toPayload(input)] },
    }
    await workflowService.respondWorkflowTaskCompleted({
      ...common,
      taskToken,
      commands: [
        {
          commandType: proto.temporal.api.enums.v1.CommandType.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION,
          continueAsNewWorkflowExecutionCommandAttributes: continued,
        },
      ],
    })
    ids.push((await workflow.getHandle(session).describe()).runId)
  }
  return { ids, end: () => workflow.getHandle(session).terminate('by hand') }
}
