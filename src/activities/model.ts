import { Context } from '@temporalio/activity'
import type { SessionLog } from '../history/session-log.ts'
import type { Harness } from '../model/harness.ts'
import type { Model } from '../model/model.ts'
import { ModelFailure } from '../model/model.ts'
import type { LogEntry } from '../session/transcript.ts'
import { transcript } from '../session/transcript.ts'
import type { ModelFault } from '../session/settle.ts'
import type { DeltaBatch } from '../store/deltas.ts'
import type { Configuration } from '../store/sessions.ts'
import type { ModelTool } from '../wire/types.ts'
import { mintId } from '../wire/mint.ts'
import { toEntries } from './answer.ts'
import { failure } from './failures.ts'
import { startHeartbeat } from './heartbeat.ts'
import type { SessionActivities } from './index.ts'
import { createPreviewPublisher } from './preview-publisher.ts'
import { createAnswerPreview } from './preview.ts'
import { buildRequest } from './request.ts'

export interface ModelCallPorts {
  readonly log: SessionLog
  readonly model: Model
  readonly configuration: (session: string) => Promise<Configuration | null>
  /** Throws for an id that no released version had. */
  readonly harness: (id: string) => Harness
  readonly tools: readonly ModelTool[]
  /** Sends a preview of an answer on its way; its end is not waited for. */
  readonly publish: (batch: DeltaBatch) => Promise<void>
}

/** The brain's side of the loop: one model request, its context rebuilt from the log. */
export function createCallModel(ports: ModelCallPorts): Pick<SessionActivities, 'callModel'> {
  return {
    async callModel({ session, request, harness: harnessId }) {
      const { info, cancellationSignal } = Context.current()
      const stopBeating = startHeartbeat()
      const preview = createAnswerPreview(() => mintId('sevt'))
      const { workflowExecution, activityId: activity, attempt } = info
      const source = { session, run: workflowExecution?.runId ?? '', activity, attempt }
      const publisher = createPreviewPublisher({ source, publish: ports.publish })
      try {
        const [configuration, context] = await Promise.all([
          ports.configuration(session),
          readContext(ports.log, session, info.activityId),
        ])
        if (!configuration) throw failure('deleted', `store: the configuration of ${session} is gone`)
        const harness = ports.harness(harnessId)
        const messages = transcript(context)
        const { agent } = configuration
        const asked = buildRequest({ agent, harness, tools: ports.tools, messages })
        const response = await ports.model.request(asked, {
          signal: cancellationSignal,
          onProgress: (progress) => publisher.add(preview.take(progress)),
        })
        const offered = asked.tools.map((tool) => tool.name)
        const { announced } = preview
        const mint = () => mintId('sevt')
        return { entries: toEntries({ agent, harness: harnessId, request, response, offered, announced, mint }) }
      } catch (error) {
        if (error instanceof ModelFailure) return { entries: [], fault: toFault(error) }
        throw error
      } finally {
        publisher.close()
        stopBeating()
      }
    },
  }
}

/** The log up to this activity's own scheduled event: what the workflow had taken in when it decided to ask. */
async function readContext(log: SessionLog, session: string, activityId: string): Promise<readonly LogEntry[]> {
  const { items, scheduled } = await log.read(session)
  const end = scheduled.get(activityId)
  if (end === undefined) throw failure('not_ready', `harness: history does not show activity ${activityId} yet`)
  return items.slice(0, end).flatMap((item) => (item.says ? [item.says] : []))
}

const ERROR_TYPES = {
  overloaded: 'model_overloaded_error',
  rate_limited: 'model_rate_limited_error',
  billing: 'billing_error',
  request_failed: 'model_request_failed_error',
  unreachable: 'model_request_failed_error',
  garbled: 'model_request_failed_error',
} as const satisfies Record<ModelFailure['kind'], ModelFault['error']>

function toFault(error: ModelFailure): ModelFault {
  const { kind, message, retryable, retryAfterMs } = error
  return { error: ERROR_TYPES[kind], message, retryable, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
}
