import type { BetaManagedAgentsCustomToolParams } from '@anthropic-ai/sdk/resources/beta/agents/agents'
import type { SessionEvent } from '../../src/wire/types.ts'
import type { Recording } from './drive.ts'
import { createSession, only, program, turn } from './drive.ts'
import type { Prepared } from './use-stack.ts'

export const LOOKUP: BetaManagedAgentsCustomToolParams = {
  type: 'custom',
  name: 'lookup',
  description: 'Looks a word up.',
  input_schema: { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] },
}

/** Asks the client before it may `write`, has every `edit` judged, and lets the client `lookup`. */
export async function createCautiousAgent({ stack }: Prepared): Promise<string> {
  const { id } = await stack.sdk.beta.agents.create({
    name: 'cautious',
    model: 'claude-opus-5-5',
    tools: [
      {
        type: 'agent_toolset_20260401',
        configs: [
          { name: 'write', permission_policy: { type: 'always_ask' } },
          { name: 'edit', permission_policy: { type: 'auto' } },
        ],
      },
      LOOKUP,
    ],
  })
  return id
}

/** A call that the client is asked about. */
export function write(command: string): string {
  return `TOOL write ${JSON.stringify({ command })}`
}

/** A call that is judged. */
export function edit(command: string): string {
  return `TOOL edit ${JSON.stringify({ command })}`
}

/** A call that the client answers. */
export function look(word: string): string {
  return `TOOL lookup ${JSON.stringify({ word })}`
}

/** A session of a cautious agent that waits for what its client says to these calls, made at once. */
export async function letWait(
  prepared: Prepared,
  ...calls: string[]
): Promise<{ readonly session: string; readonly calls: readonly string[] }> {
  const session = await createSession({ ...prepared, agent: await createCautiousAgent(prepared) })
  const events = await turn(prepared.stack.sdk, session, program(`PARALLEL ${calls.length}`, ...calls))
  return { session, calls: waitingIn(events) }
}

/** Ids of the calls that the client is told to settle, by the last idle event. */
export function waitingIn(events: readonly SessionEvent[]): readonly string[] {
  const stop = only(events, 'session.status_idle').at(-1)?.stop_reason
  return stop?.type === 'requires_action' ? stop.event_ids : []
}

/** Resolves when the session waits for so many answers. */
export async function untilWaiting(recording: Recording, count: number): Promise<readonly string[]> {
  await recording.untilSo((events) => {
    const isIdle = events.findLast(({ type }) => type.startsWith('session.status_'))?.type === 'session.status_idle'
    return isIdle && waitingIn(events).length === count
  })
  return waitingIn(recording.events)
}
