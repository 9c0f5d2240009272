import type { TemporalClientOptions } from './history/client.ts'
import { openTemporalClient } from './history/client.ts'
import { BRAIN_QUEUE, CANARY_STEP, CANARY_WORKFLOW } from './workflows/messages.ts'

/** One session's step, for measuring: a workflow task and an activity. */
export interface Canary extends AsyncDisposable {
  step(): Promise<void>
}

/**
 * Starts the canary workflow on a cluster that has a worker; disposal ends it.
 * @param client with the worker's codecs: what it answers comes back under them.
 */
export async function startCanary(
  client: Omit<TemporalClientOptions, 'identity'>,
  taskQueue: string = BRAIN_QUEUE,
): Promise<Canary> {
  const name = `canary-${process.pid}-${Date.now()}`
  const { connection, workflow } = await openTemporalClient({ ...client, identity: name })
  const handle = await workflow.start(CANARY_WORKFLOW, {
    workflowId: name,
    taskQueue,
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
