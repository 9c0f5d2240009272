import type { Client } from '@temporalio/client'
import { WorkflowNotFoundError } from '@temporalio/client'
import { isNotFound } from '../history/source.ts'
import { DELETED_REASON } from '../session/names.ts'

/**
 * Ends a deleted session's workflow and removes the histories of all its runs, those that resets gave up first and the
 * present one last: whoever is interrupted finds them again from there. What is gone already is fine.
 */
export function createRemoveWorkflow({
  workflow,
  workflowService,
  options,
}: Pick<Client, 'workflow' | 'workflowService' | 'options'>): (session: string) => Promise<void> {
  const { namespace } = options

  /** Null when there is no such run, so nothing before it either. */
  async function previous(session: string, runId: string): Promise<string | null> {
    const execution = { workflowId: session, runId }
    const page = await workflowService.getWorkflowExecutionHistory({ namespace, execution, maximumPageSize: 1 })
    return page.history?.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || null
  }

  async function runsOf(session: string): Promise<readonly string[]> {
    const newestFirst: string[] = []
    try {
      const handle = workflow.getHandle(session)
      const { status } = await handle.describe()
      if (status.name === 'RUNNING') await handle.terminate(DELETED_REASON)
      // Asked only now: until it was ended, the run might have handed over to another one.
      const { runId } = await handle.describe()
      for (let run: string | null = runId; run !== null; run = await previous(session, run)) newestFirst.push(run)
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError) && !isNotFound(error)) throw error
    }
    return [...(await othersOf(session, newestFirst)), ...newestFirst.toReversed()]
  }

  /** Runs that a reset gave up: nothing but the server's list leads to them, which may be a moment late. */
  async function othersOf(session: string, known: readonly string[]): Promise<readonly string[]> {
    const others: string[] = []
    let nextPageToken: Uint8Array | null | undefined
    do {
      const page = await workflowService.listWorkflowExecutions({
        namespace,
        query: `WorkflowId = '${session}'`,
        ...(nextPageToken ? { nextPageToken } : {}),
      })
      const ids = (page.executions ?? []).flatMap(({ execution }) => execution?.runId ?? [])
      others.push(...ids.filter((id) => !known.includes(id)))
      nextPageToken = page.nextPageToken
    } while (nextPageToken && nextPageToken.length > 0)
    return others
  }

  return async (session) => {
    for (const runId of await runsOf(session)) {
      const workflowExecution = { workflowId: session, runId }
      try {
        await workflowService.deleteWorkflowExecution({ namespace, workflowExecution })
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }
  }
}
