import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkflowClient, WorkflowHandle } from '@temporalio/client'
import {
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client'
import { encodeToPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js'
import { DELETED_REASON, EVENTS_SIGNAL } from '../session/names.ts'
import { ApiError } from '../wire/errors.ts'
import type { ConfigureUpdate, EventsSignal, Verdict } from '../workflows/messages.ts'
import { ARCHIVE_UPDATE, CONFIGURE_UPDATE, SESSION_WORKFLOW } from '../workflows/messages.ts'
import type { SessionWorkflows } from './workflows.ts'

/** After this long a request is answered as not done; the client sends it again. */
const DEADLINE_MS = 10_000
/** A run that is being closed takes no signals for a moment; the SDK's own back-off for it begins at a second. */
const CLOSING_TRIES = 100
const CLOSING_MS = { least: 10, most: 50 }

/** gRPC status codes. */
const NOT_FOUND = 5
const RESOURCE_EXHAUSTED = 8
const FAILED_PRECONDITION = 9

export interface TemporalWorkflowsOptions {
  readonly client: WorkflowClient
  readonly taskQueue: string
}

export function createTemporalWorkflows({ client, taskQueue }: TemporalWorkflowsOptions): SessionWorkflows {
  const bounded = <T>(work: () => Promise<T>): Promise<T> =>
    client.connection.withDeadline(Date.now() + DEADLINE_MS, work)

  async function ask(session: string, execute: (handle: WorkflowHandle) => Promise<Verdict>): Promise<Verdict> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await bounded(() => execute(client.getHandle(session)))
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return { refused: 'The session is terminated and cannot change.' }
        // A task that ended the run was refused because of what came meanwhile, and took the update with it.
        const isUndecided = hasCode(error, FAILED_PRECONDITION) || isClosing(error)
        if (!isUndecided || attempt >= CLOSING_TRIES) throw toUnavailable(error)
        await rest()
      }
    }
  }

  return {
    async start(session, input, summary) {
      try {
        await bounded(() =>
          client.start(SESSION_WORKFLOW, {
            workflowId: session,
            taskQueue,
            args: [input],
            staticSummary: summary.slice(0, 100),
            workflowTaskTimeout: '3 seconds',
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            workflowIdConflictPolicy: 'FAIL',
          }),
        )
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw toUnavailable(error)
      }
    },

    signal: (session, signal, requestId) => sendSignal(client, session, { signal, requestId }),

    configure: (session, change, updateId) =>
      ask(session, (handle) =>
        handle.executeUpdate<Verdict, [ConfigureUpdate]>(CONFIGURE_UPDATE, { updateId, args: [change] }),
      ),
    archive: (session, updateId) =>
      ask(session, (handle) => handle.executeUpdate<Verdict, []>(ARCHIVE_UPDATE, { updateId })),

    async terminate(session) {
      try {
        await bounded(() => client.getHandle(session).terminate(DELETED_REASON))
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw toUnavailable(error)
      }
    },
  }
}

/**
 * The raw call: the client's own draws a new request id each time, and ours is what makes a resend within a run the
 * same event. A run that is being closed is asked again at once rather than by the SDK's slow back-off.
 */
async function sendSignal(
  client: WorkflowClient,
  session: string,
  { signal, requestId }: { readonly signal: EventsSignal; readonly requestId: string },
): Promise<void> {
  const { connection, workflowService: service, options } = client
  const { namespace, identity, loadedDataConverter } = options
  const request = {
    namespace,
    identity,
    requestId,
    workflowExecution: { workflowId: session },
    signalName: EVENTS_SIGNAL,
    input: { payloads: (await encodeToPayloads(loadedDataConverter, signal)) ?? [] },
  }
  for (let attempt = 1; ; attempt++) {
    try {
      await connection.withDeadline(Date.now() + DEADLINE_MS, () => service.signalWorkflowExecution(request))
      return
    } catch (error) {
      if (hasCode(error, NOT_FOUND)) {
        throw new ApiError('invalid_request', 'The session is terminated and takes no further events.')
      }
      if (!isClosing(error) || attempt >= CLOSING_TRIES) throw toUnavailable(error)
      await rest()
    }
  }
}

async function rest(): Promise<void> {
  await sleep(CLOSING_MS.least + Math.random() * (CLOSING_MS.most - CLOSING_MS.least))
}

function toUnavailable(error: unknown): ApiError {
  const isSlow = error instanceof WorkflowUpdateRPCTimeoutOrCancelledError
  const message = isSlow ? 'No worker has decided yet; try again.' : 'Temporal does not answer; try again.'
  return new ApiError('unavailable', message, { cause: error })
}

function isClosing(error: unknown): boolean {
  return hasCode(error, RESOURCE_EXHAUSTED) && String(error).includes('workflow is closing')
}

function hasCode(error: unknown, code: number): boolean {
  const cause = error instanceof ServiceError ? error.cause : error
  return typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === code
}
