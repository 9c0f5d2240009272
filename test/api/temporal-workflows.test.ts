import { WorkflowClient, WorkflowService } from '@temporalio/client'
import type { ConnectionLike } from '@temporalio/client'
import proto from '@temporalio/proto'
import { describe, expect, test } from 'vitest'
import { createTemporalWorkflows } from '../../src/api/temporal-workflows.ts'
import type { SessionWorkflows } from '../../src/api/workflows.ts'

const { SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest } = proto.temporal.api.workflowservice.v1

type Fault = { readonly code: number; readonly details: string } | null

const CLOSING = { code: 8, details: 'workflow operation can not be applied because workflow is closing' }

/** A Temporal that answers calls with these faults, one after the other, and then takes them. */
function createTemporal(faults: readonly Fault[]) {
  const calls: { readonly method: string; readonly bytes: Uint8Array }[] = []
  const workflowService = WorkflowService.create((method, bytes, callback) => {
    calls.push({ method: method.name, bytes })
    const fault = faults[calls.length - 1]
    if (fault) callback(Object.assign(new Error(`${fault.code} ${fault.details}`), fault))
    else callback(null, new Uint8Array())
  })
  const within = <T>(_: unknown, work: () => Promise<T>): Promise<T> => work()
  const connection: Pick<ConnectionLike, 'workflowService' | 'withDeadline' | 'withMetadata' | 'withAbortSignal'> = {
    workflowService,
    withDeadline: within,
    withMetadata: within,
    withAbortSignal: within,
  }
  const client = new WorkflowClient({ connection: Object.assign(Object.create(null), connection, { plugins: [] }) })
  return { calls, workflows: createTemporalWorkflows({ client, taskQueue: 'brain' }) }
}

function signal(workflows: SessionWorkflows): Promise<void> {
  return workflows.signal('sesn_1', { events: [{ id: 'sevt_1', type: 'user.interrupt' }] }, 'ingr_1')
}

describe('a signal to a session', () => {
  test('that meets a closing run is sent again as it was, under the same request id', async () => {
    const { calls, workflows } = createTemporal([CLOSING, CLOSING, CLOSING])
    await signal(workflows)
    expect(calls).toHaveLength(4)
    expect(new Set(calls.map(({ bytes }) => Buffer.from(bytes).toString('base64'))).size).toBe(1)
    expect(calls.map(({ bytes }) => SignalWorkflowExecutionRequest.decode(bytes).requestId)).toEqual(
      Array.from({ length: 4 }, () => 'ingr_1'),
    )
  })

  test.each([
    { says: 'namespace rate limit exceeded', code: 8, kind: 'overloaded', retryAfter: 1 },
    { says: 'exceeded workflow execution limit for signal events', code: 3, kind: 'rate_limit', retryAfter: 5 },
    { says: 'Blob data size exceeds limit.', code: 3, kind: 'too_large' },
    { says: 'grpc: received message larger than max (5 vs. 4)', code: 8, kind: 'too_large' },
    {
      says: 'Namespace has an unheard-of state.',
      code: 3,
      kind: 'api_error',
      message: 'Temporal refuses what the request comes to: Namespace has an unheard-of state.',
      options: { shouldRetry: false },
    },
    { says: 'No connection established', code: 14, kind: 'unavailable', retryAfter: 1 },
    { says: 'Deadline exceeded', code: 4, kind: 'unavailable', retryAfter: 1 },
    { says: 'workflow execution already completed', code: 5, kind: 'invalid_request' },
  ])('that Temporal refuses with $code "$says" is told as $kind', async (refusal) => {
    const {
      says,
      code,
      kind,
      retryAfter,
      message = /./,
      options = retryAfter === undefined ? {} : { retryAfter },
    } = refusal
    const { calls, workflows } = createTemporal([{ code, details: says }])
    await expect(signal(workflows)).rejects.toMatchObject({ kind, message: expect.stringMatching(message), options })
    expect(calls).toHaveLength(1)
  })
})

describe('the start of a session', () => {
  test.each([
    { name: 'its workspace', workspace: 'wrkspc_1', key: /^wrkspc_1$/ },
    { name: 'the default workspace when it names none', workspace: undefined, key: /^default$/ },
    { name: 'a name of its own for a workspace with a long id', workspace: 'w'.repeat(65), key: /^[0-9a-f]{64}$/ },
  ])('has the fairness key of $name', async ({ workspace, key }) => {
    const { calls, workflows } = createTemporal([])
    await workflows.start('sesn_1', workspace === undefined ? {} : { workspace }, 'a session')
    const { priority } = StartWorkflowExecutionRequest.decode(calls[0]?.bytes ?? new Uint8Array())
    expect(priority?.fairnessKey).toMatch(key)
  })
})
