import { mintId } from '../../src/wire/mint.ts'
import { BRAIN_QUEUE, SESSION_WORKFLOW } from '../../src/workflows/messages.ts'
import type { Service } from '../support/service.ts'
import { until } from './until.ts'

/** Starts a session and resolves with its id when clients can use it. */
export type StartSession = () => Promise<string>

const agent = { name: 'bench', model: 'claude-opus-5-5', tools: [{ type: 'agent_toolset_20260401' as const }] }

/** As clients do: the API sets the time-out of workflow tasks. */
export async function startsByApi({ sdk: { beta } }: Service): Promise<StartSession> {
  const { id } = await beta.agents.create(agent)
  const environment = await beta.environments.create({ name: 'bench' })
  return async () => (await beta.sessions.create({ agent: id, environment_id: environment.id })).id
}

/** By a plain Temporal client, which leaves the time-out of workflow tasks at Temporal's own, 10 s. */
export function startsByHand({ sdk: { beta }, temporal }: Service): StartSession {
  return async () => {
    const workflowId = mintId('sesn')
    await temporal.workflow.start(SESSION_WORKFLOW, { workflowId, taskQueue: BRAIN_QUEUE, args: [{ agent }] })
    const isListed = (): Promise<boolean> => beta.sessions.retrieve(workflowId).then(Boolean, () => false)
    await until(isListed, `the first activity of ${workflowId} lists it`)
    return workflowId
  }
}
