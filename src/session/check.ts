import type { UserEvent } from '../wire/types.ts'
import type { BlobRef } from './entry.ts'
import { QUEUE_BYTES, QUEUE_EVENTS } from './settle.ts'
import type { LogState } from './state.ts'
import { isRequiringAction, isWaiting } from './state.ts'
import { weigh, weighQueue } from './weight.ts'

/** Why a session does not take an event; `busy` ones may be sent again later. */
export interface Refusal {
  readonly reason: string
  readonly busy?: true
}

/**
 * Whether a session in this state takes the event: the rule that the API refuses by and that tells it whether the
 * event starts or resumes a turn. Null when it is taken.
 * @param blobs what of the event is kept elsewhere.
 */
export function check(state: LogState, event: UserEvent, blobs: readonly BlobRef[] = []): Refusal | null {
  if (state.status === 'terminated') return { reason: 'The session is terminated and takes no further events.' }
  switch (event.type) {
    case 'user.interrupt':
      return null
    case 'user.tool_confirmation':
      return checkConfirmation(state, event)
    case 'user.custom_tool_result':
      return state.calls.some((call) => call.id === event.custom_tool_use_id && call.standing === 'custom')
        ? null
        : { reason: `No custom tool call ${event.custom_tool_use_id} waits for a result.` }
    case 'user.message':
    case 'system.message':
      if (isRequiringAction(state)) {
        return { reason: 'The session waits for answers to its tool calls (requires_action); send those first.' }
      }
      return isFull(state, weigh(event, blobs))
        ? { reason: 'The session has too many queued events; try again.', busy: true }
        : null
    default:
      return { reason: `Events of type ${event.type} are not taken by this session.` }
  }
}

/** Whether the event, taken in this state, starts or resumes a turn: the last answer that is missing does. */
export function wakes(state: LogState, event: UserEvent): boolean {
  if (state.status !== 'idle' || event.type === 'user.interrupt') return false
  const answered = answeredBy(event)
  return answered === null || state.calls.every((call) => !isWaiting(call) || call.id === answered)
}

function answeredBy(event: UserEvent): string | null {
  if (event.type === 'user.tool_confirmation') return event.tool_use_id
  return event.type === 'user.custom_tool_result' ? event.custom_tool_use_id : null
}

function checkConfirmation(
  state: LogState,
  event: Extract<UserEvent, { type: 'user.tool_confirmation' }>,
): Refusal | null {
  const call = state.calls.find((open) => open.id === event.tool_use_id)
  if (call?.standing === 'asked') return null
  return { reason: `No tool call ${event.tool_use_id} waits for a confirmation.` }
}

/** What an event's id takes in the queue, once it has one. */
const ID_LENGTH = 128

function isFull(state: LogState, added: number): boolean {
  return state.queue.length >= QUEUE_EVENTS || weighQueue(state) + added + ID_LENGTH > QUEUE_BYTES
}
