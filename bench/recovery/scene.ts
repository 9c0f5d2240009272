import proto from '@temporalio/proto'
import { createLocalProvider } from '../../src/hands/local.ts'
import type { DemoModel } from '../../src/model/demo/demo-model.ts'
import { sandboxFolder } from '../../src/sandboxes.ts'
import type { Service } from '../support/service.ts'
import { now } from '../support/clock.ts'
import type { StartSession } from './starts.ts'
import type { Timeouts } from './timeouts.ts'
import { countTimeouts } from './timeouts.ts'
import type { Watched } from './watched.ts'
import { watchSession } from './watched.ts'

/** What trials do with a running service. */
export interface Scene {
  readonly model: DemoModel
  createSession(): Promise<Watched>
  send(session: string, text: string): Promise<void>
  /** Sends a program and waits for the end of its turn. */
  converse(session: Watched, program: string): Promise<void>
  /** Whether a worker holds a workflow task of the session right now. */
  isInTask(session: string): Promise<boolean>
  /** Runs a command in the session's sandbox, past any worker: what it prints; empty while there is no sandbox. */
  look(session: string, command: string): Promise<string>
  timeouts(session: string): Promise<Timeouts>
}

export interface SceneOptions {
  readonly service: Service
  readonly model: DemoModel
  readonly start: StartSession
}

const { PENDING_WORKFLOW_TASK_STATE_STARTED: startedTask } = proto.temporal.api.enums.v1.PendingWorkflowTaskState

export function createScene({ service, model, start }: SceneOptions): Scene {
  const { sdk, temporal, dev } = service
  const { sessions } = sdk.beta
  const provider = createLocalProvider({ folder: sandboxFolder(dev.state().data) })
  let looks = 0

  async function send(session: string, text: string): Promise<void> {
    await sessions.events.send(session, { events: [{ type: 'user.message', content: [{ type: 'text', text }] }] })
  }

  return {
    model,
    createSession: async () => watchSession(sdk, await start()),
    send,
    async converse(session, program) {
      const sentAt = now()
      await send(session.id, program)
      await session.first(sentAt, isEnd)
    },
    async isInTask(workflowId) {
      const { pendingWorkflowTask } = await temporal.workflowService.describeWorkflowExecution({
        namespace: 'default',
        execution: { workflowId },
      })
      return pendingWorkflowTask?.state === startedTask
    },
    async look(session, command) {
      const row = (await provider.list()).find(({ sessionId }) => sessionId === session)
      const sandbox = row && (await provider.attach(row))
      if (!sandbox) return ''
      looks += 1
      const { output } = await sandbox.run({ id: `look${looks}`, command, timeoutMs: 10_000, capBytes: 4096 })
      return Buffer.from(output).toString('utf8')
    },
    async timeouts(session) {
      const { events } = await temporal.workflow.getHandle(session).fetchHistory()
      return countTimeouts(events ?? [])
    },
  }
}

export function isEnd({ type }: { readonly type: string }): boolean {
  return type === 'session.status_idle'
}
