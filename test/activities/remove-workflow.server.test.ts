import type { Client } from '@temporalio/client'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createRemoveWorkflow } from '../../src/activities/remove-workflow.ts'
import { openTemporalClient } from '../../src/history/client.ts'
import { DELETED_REASON } from '../../src/session/names.ts'
import { temporalAddress, uniqueName } from '../support/temporal.ts'
import { startRuns } from './runs.ts'

const LATE = { timeout: 10_000, interval: 100 }

interface Scene {
  readonly client: Client
  readonly workflowService: Client['workflowService']
  readonly remove: (session: string) => Promise<void>
  /** Runs that the server was asked to delete; it takes it many seconds to do so. */
  readonly deleted: string[]
  /** Runs that the server is not to know any more. */
  readonly gone: Set<string>
}

async function scene(): Promise<Scene> {
  const [connection, identity] = [{ address: temporalAddress() }, 'test']
  const client = await openTemporalClient({ connection, namespace: 'default', codecs: [], identity })
  onTestFinished(() => client.connection.close())
  const deleted: string[] = []
  const gone = new Set<string>()
  type Service = Client['workflowService']
  const service = client.workflowService
  const refuse = (runId: string | null | undefined): void => {
    if (runId && gone.has(runId)) throw Object.assign(new Error('not found'), { code: 5 })
  }
  const overridden = {
    async deleteWorkflowExecution(request: Parameters<Service['deleteWorkflowExecution']>[0]) {
      const runId = request.workflowExecution?.runId
      refuse(runId)
      deleted.push(runId ?? '')
      return {}
    },
    async getWorkflowExecutionHistory(request: Parameters<Service['getWorkflowExecutionHistory']>[0]) {
      refuse(request.execution?.runId)
      return service.getWorkflowExecutionHistory(request)
    },
  }
  const workflowService = new Proxy(service, {
    get: (target, name) => Reflect.get(name in overridden ? overridden : target, name),
  })
  return {
    client,
    workflowService,
    remove: createRemoveWorkflow({ workflow: client.workflow, workflowService, options: client.options }),
    deleted,
    gone,
  }
}

describe("removing a deleted session's workflow", () => {
  test('ends it and removes every run of it, the present one last', async () => {
    const { client, remove, deleted } = await scene()
    const session = uniqueName('sesn')
    const { ids } = await startRuns(client, session, [{}, {}, {}])
    await remove(session)
    expect(deleted).toEqual(ids)
    const { events } = await client.workflow.getHandle(session).fetchHistory()
    expect(events?.at(-1)?.workflowExecutionTerminatedEventAttributes?.reason).toBe(DELETED_REASON)
    await remove(session)
    expect(deleted).toEqual([...ids, ...ids])
  })

  test('removes what a reset gave up', async () => {
    const { client, remove, deleted } = await scene()
    const session = uniqueName('sesn')
    const { ids } = await startRuns(client, session, [{}, {}])
    const { events } = await client.workflow.getHandle(session, ids[0]).fetchHistory()
    const task = events?.find((event) => event.workflowTaskCompletedEventAttributes)?.eventId ?? null
    const { runId } = await client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: session, runId: ids[0] ?? '' },
      workflowTaskFinishEventId: task,
      requestId: session,
    })
    // The list of the server may be a moment late.
    await vi.waitFor(async () => {
      deleted.length = 0
      await remove(session)
      expect(deleted.toSorted()).toEqual([...ids, runId].toSorted())
      expect(deleted.at(-1)).toBe(runId)
    }, LATE)
  })

  test('removes the run too that the present one hands over to just before it is ended', async () => {
    const { client, workflowService, deleted } = await scene()
    const session = uniqueName('sesn')
    const { ids } = await startRuns(client, session, [{}, {}])
    const handle = client.workflow.getHandle(session)
    const before = await client.workflow.getHandle(session, ids[0]).describe()
    const seen = [{ ...before, status: { code: 1, name: 'RUNNING' } }]
    const late = { ...handle, describe: async () => seen.shift() ?? handle.describe() }
    // The one method that is used.
    const workflow = { getHandle: () => late } as never
    await createRemoveWorkflow({ workflow, workflowService, options: client.options })(session)
    expect(deleted).toEqual(ids)
  })

  test('takes a run for gone that Temporal has removed, and those before it', async () => {
    const { client, remove, deleted, gone } = await scene()
    const session = uniqueName('sesn')
    const { ids } = await startRuns(client, session, [{}, {}, {}])
    for (const id of ids.slice(0, 2)) gone.add(id)
    await remove(session)
    expect(deleted).toEqual([ids[2]])
  })

  test('is done at once for a session that Temporal never had', async () => {
    const { remove, deleted } = await scene()
    await remove('sesn_never')
    expect(deleted).toEqual([])
  })
})
