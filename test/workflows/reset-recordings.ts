import { randomUUID } from 'node:crypto'
import { message } from '../support/session-builders.ts'
import type { RigSession } from './rig.ts'
import type { Recording } from './steps.ts'
import { answer, callTwo, configuration, output, send, shortRuns } from './steps.ts'

/** Lives in which somebody has the workflow go on anew from an earlier place. */
export const resets: readonly Recording[] = [
  {
    name: 'reset-mid-turn',
    input: { configuration },
    async play(session) {
      await callTwo(session)
      await output(session, 'sevt_a')
      await output(session, 'sevt_b')
      await send(session, message('sevt_2', 'Kept, though it came later.'))
      await answer(session, { text: 'Given up.' })
      await session.settle()
      // Both calls are asked for again.
      await reset(session, 3)
      await session.settle()
      await output(session, 'sevt_a')
      await output(session, 'sevt_b')
      await answer(session, { text: 'Both done.' })
    },
  },
  {
    name: 'reset-then-rollover',
    runs: 3,
    input: { configuration: shortRuns },
    async play(session) {
      await send(session, message('sevt_1'))
      await session.settle()
      await reset(session, 2)
      await answer(session, { text: 'Once more.', calls: [['sevt_a', 'allow']] })
      await output(session, 'sevt_a')
      await answer(session, { text: 'Done.' })
    },
  },
]

/** From where the n-th task of the present run had begun, as the Web UI does it. */
async function reset({ handle }: RigSession, task: number): Promise<void> {
  const { events } = await handle.fetchHistory()
  const tasks = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes)
  const eventId = tasks[task - 1]?.eventId
  if (!eventId) throw new Error(`expected ${task} tasks in a history of ${events?.length} events`)
  await handle.client.workflowService.resetWorkflowExecution({
    namespace: handle.client.options.namespace,
    workflowExecution: { workflowId: handle.workflowId },
    workflowTaskFinishEventId: eventId,
    requestId: randomUUID(),
    reason: 'a recording',
  })
}
