import { Client, Connection } from '@temporalio/client'
import { BRAIN_QUEUE, CANARY_STEP, CANARY_WORKFLOW } from './workflows/messages.ts'

/** One session's step, for measuring: a workflow task and an activity. */
export interface Canary extends AsyncDisposable {
  step(): Promise<void>
}

/** Starts the canary workflow on a cluster that has a worker; disposal ends it. */
export async function startCanary(address: string, namespace: string): Promise<Canary> {
  const connection = await Connection.connect({ address })
  const { workflow } = new Client({ connection, namespace })
  const handle = await workflow.start(CANARY_WORKFLOW, {
    workflowId: `canary-${process.pid}-${Date.now()}`,
    taskQueue: BRAIN_QUEUE,
    staticSummary: 'what a step takes here',
  })
  return {
    step: () => handle.executeUpdate<void, []>(CANARY_STEP),
    async [Symbol.asyncDispose]() {
      // It ends by itself within a minute, and the server may be gone already.
      await handle.terminate('measured').catch(() => undefined)
      await connection.close()
    },
  }
}
