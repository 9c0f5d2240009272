import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkflowClient, WorkflowHandle } from '@temporalio/client'
import {
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client'
import { encodeToPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js'
import { isClosing } from '../history/client.ts'
import { DELETED_REASON, EVENTS_SIGNAL } from '../session/names.ts'
import { ApiError } from '../wire/errors.ts'
import type { ConfigureUpdate, EventsSignal, Verdict } from '../workflows/messages.ts'
import { ARCHIVE_UPDATE, CONFIGURE_UPDATE, DEFAULT_WORKSPACE, SESSION_WORKFLOW } from '../workflows/messages.ts'
import type { SessionWorkflows } from './workflows.ts'

/** After this long a request is answered as not done; the client sends it again. */
const DEADLINE_MS = 10_000
/** A run that is being closed takes no signals for a moment. */
const CLOSING_TRIES = 100
const CLOSING_MS = { least: 10, most: 50 }

/** gRPC status codes. */
const INVALID_ARGUMENT = 3
const NOT_FOUND = 5
const RESOURCE_EXHAUSTED = 8
const FAILED_PRECONDITION = 9

/** What Temporal takes as a fairness key; a SHA-256 in hex is as long. */
const FAIRNESS_KEY_BYTES = 64

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
        const isUndecided = hasCode(error, FAILED_PRECONDITION) || isAtItsEnd(error)
        if (!isUndecided || attempt >= CLOSING_TRIES) throw toRefusal(error)
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
            priority: { fairnessKey: fairnessKey(input.workspace ?? DEFAULT_WORKSPACE) },
          }),
        )
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw toRefusal(error)
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
        if (!(error instanceof WorkflowNotFoundError)) throw toRefusal(error)
      }
    },
  }
}

/**
 * The raw call: the client's own draws a new request id each time, and ours is what makes a resend within a run the
 * same event. A run that is being closed is asked again with it after a moment.
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
      if (!isAtItsEnd(error) || attempt >= CLOSING_TRIES) throw toRefusal(error)
      await rest()
    }
  }
}

async function rest(): Promise<void> {
  await sleep(CLOSING_MS.least + Math.random() * (CLOSING_MS.most - CLOSING_MS.least))
}

/** What a client is told: to come again, and after how long, or that what it sent cannot be taken. */
function toRefusal(error: unknown): ApiError {
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    return new ApiError('unavailable', 'No worker has decided yet; try again.', { cause: error, retryAfter: 1 })
  }
  const said = saidBy(error)
  if (TOO_LARGE.test(said)) {
    return new ApiError('too_large', 'The request is larger than Temporal takes.', { cause: error })
  }
  if (hasCode(error, INVALID_ARGUMENT) && SIGNALS_USED_UP.test(said)) {
    const message = 'The session has more unread events than its run can hold; try again when it has gone on.'
    return new ApiError('rate_limit', message, { cause: error, retryAfter: 5 })
  }
  if (hasCode(error, INVALID_ARGUMENT)) {
    const message = `Temporal refuses what the request comes to: ${detailsOf(error).slice(0, 200)}`
    return new ApiError('api_error', message, { cause: error, shouldRetry: false })
  }
  if (hasCode(error, RESOURCE_EXHAUSTED)) {
    return new ApiError('overloaded', 'Temporal takes no more at the moment; try again.', {
      cause: error,
      retryAfter: 1,
    })
  }
  return new ApiError('unavailable', 'Temporal does not answer; try again.', { cause: error, retryAfter: 1 })
}

/** What the server, or gRPC for it, says of a payload or message over its limits, whatever the code. */
const TOO_LARGE = /exceeds (?:size )?limit|larger than max/i
/** What the server says of a run that has taken 10,000 signals. */
const SIGNALS_USED_UP = /limit for signal events/i

function isAtItsEnd(error: unknown): boolean {
  return hasCode(error, RESOURCE_EXHAUSTED) && isClosing(saidBy(error))
}

/** Sessions of one workspace share one key, of at most 64 bytes. */
function fairnessKey(workspace: string): string {
  return Buffer.byteLength(workspace) <= FAIRNESS_KEY_BYTES
    ? workspace
    : createHash('sha256').update(workspace).digest('hex')
}

function saidBy(error: unknown): string {
  return String(error instanceof ServiceError ? (error.cause ?? error) : error)
}

/** The server's own words. */
function detailsOf(error: unknown): string {
  const cause = error instanceof ServiceError ? error.cause : error
  return typeof cause === 'object' && cause !== null && 'details' in cause ? String(cause.details) : saidBy(error)
}

function hasCode(error: unknown, code: number): boolean {
  const cause = error instanceof ServiceError ? error.cause : error
  return typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === code
}
