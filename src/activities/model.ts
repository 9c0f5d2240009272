import { Context } from '@temporalio/activity'
import type { DeltaBatch } from '../store/deltas.ts'
import { mintId } from '../wire/mint.ts'
import { toEntries } from './answer.ts'
import type { AskingPorts } from './asking.ts'
import { askModel } from './asking.ts'
import type { SessionActivities } from './index.ts'
import { createPreviewPublisher } from './preview-publisher.ts'
import { createAnswerPreview } from './preview.ts'
import { buildRequest } from './request.ts'

export interface ModelCallPorts extends AskingPorts {
  /** Sends a preview of an answer on its way; its end is not waited for. */
  readonly publish: (batch: DeltaBatch) => Promise<void>
}

/** The brain's side of the loop: one model request, its context rebuilt from the log. */
export function createCallModel(ports: ModelCallPorts): Pick<SessionActivities, 'callModel'> {
  return {
    async callModel(input) {
      const { session, request } = input
      const { info, cancellationSignal } = Context.current()
      const mint = (): string => mintId('sevt')
      const preview = createAnswerPreview(mint)
      const { workflowExecution, activityId: activity, attempt } = info
      const source = { session, run: workflowExecution?.runId ?? '', activity, attempt }
      const publisher = createPreviewPublisher({ source, publish: ports.publish })
      try {
        return await askModel(ports, input, async ({ agent, harness, messages }) => {
          const asked = buildRequest({ agent, harness, tools: ports.tools, messages })
          const response = await ports.model.request(asked, {
            signal: cancellationSignal,
            onProgress: (progress) => publisher.add(preview.take(progress)),
          })
          const offered = asked.tools.map((tool) => tool.name)
          const { announced } = preview
          return { entries: toEntries({ agent, harness: input.harness, request, response, offered, announced, mint }) }
        })
      } finally {
        publisher.close()
      }
    },
  }
}
