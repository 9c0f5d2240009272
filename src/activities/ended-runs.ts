import type { WorkflowClient } from '@temporalio/client'

/** A run that has ended, whatever came after it. */
export interface EndedRun {
  readonly session: string
  /** Temporal's id of the run. */
  readonly id: string
}

export interface EndedRunsPage {
  readonly runs: readonly EndedRun[]
  /** Where the next page begins; null after the last one. */
  readonly next: Uint8Array | null
}

/** Sessions' runs as Temporal lists them: a moment late, newest end first, as long as their retention lets them. */
export interface EndedRuns {
  /** @param since only runs that ended at or after this moment; null for all there are. */
  list(since: Date | null, place: Uint8Array | null): Promise<EndedRunsPage>
}

/** Each run comes with its memo, up to 16 KiB of it. */
const PAGE = 100
const LIST_MS = 10_000

/** @param workflowType what sessions' workflows are called. */
export function createEndedRuns(client: WorkflowClient, workflowType: string): EndedRuns {
  const { connection, workflowService, options } = client
  return {
    async list(since, place) {
      const ended = `WorkflowType = '${workflowType}' AND ExecutionStatus != 'Running'`
      const query = since === null ? ended : `${ended} AND CloseTime >= '${since.toISOString()}'`
      const page = await connection.withDeadline(Date.now() + LIST_MS, () =>
        workflowService.listWorkflowExecutions({
          namespace: options.namespace,
          pageSize: PAGE,
          query,
          ...(place ? { nextPageToken: place } : {}),
        }),
      )
      const runs = (page.executions ?? []).flatMap(({ execution }) =>
        execution?.workflowId && execution.runId ? [{ session: execution.workflowId, id: execution.runId }] : [],
      )
      return { runs, next: page.nextPageToken && page.nextPageToken.length > 0 ? page.nextPageToken : null }
    },
  }
}
