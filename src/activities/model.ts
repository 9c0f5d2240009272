import { Context } from '@temporalio/activity'
import type { DeltaBatch } from '../store/deltas.ts'
import { mintId } from '../wire/mint.ts'
import { isServerTool } from '../wire/web-tools.ts'
import { toEntries } from './answer.ts'
import type { AskingPorts } from './asking.ts'
import { askModel } from './asking.ts'
import type { HeardReader } from './heard.ts'
import type { SessionActivities } from './index.ts'
import { judgeCalls } from './judge.ts'
import { outlast } from './outlast.ts'
import { createPreviewPublisher } from './preview-publisher.ts'
import { createAnswerPreview } from './preview.ts'
import { buildRequest } from './request.ts'

export interface ModelCallPorts extends AskingPorts {
  /** Sends a preview of an answer on its way; its end is not waited for. */
  readonly publish: (batch: DeltaBatch) => Promise<void>
  /** For whoever judges the calls of an answer. */
  readonly heard: HeardReader
}

/** The brain's side of the loop: one model request, its context rebuilt from the log. */
export function createCallModel(ports: ModelCallPorts): Pick<SessionActivities, 'callModel'> {
  return {
    async callModel(input) {
      const { session, request, harness: id, configuration } = input
      const { info, cancellationSignal: signal } = Context.current()
      const mint = (): string => mintId('sevt')
      const preview = createAnswerPreview(mint)
      const { workflowExecution, activityId: activity, attempt } = info
      const source = { session, run: workflowExecution?.runId ?? '', activity, attempt }
      const publisher = createPreviewPublisher({ source, publish: ports.publish })
      try {
        return await askModel(ports, input, async (asking, watch) => {
          const { agent, harness, messages, selfHosted } = asking
          const asked = buildRequest(asking)
          const response = await ports.model.request(asked, {
            signal,
            onProgress: (progress) => publisher.add(preview.take(progress)),
          })
          const callable = asked.tool_choice ? [] : asked.tools.filter((tool) => !isServerTool(tool))
          const offered = callable.map(({ name }) => name)
          const { announced } = preview
          const heard = () => watch.aside(() => outlast(() => ports.heard(source), { signal }))
          const judging = { agent, harness, selfHosted, content: response.content, offered, signal, heard }
          const judged = await judgeCalls(ports.model, judging)
          const answer = { harness: id, configuration, request, response, judged, offered, messages, announced }
          return { entries: toEntries({ agent, selfHosted, ...answer, mint }) }
        })
      } finally {
        publisher.close()
      }
    },
  }
}
