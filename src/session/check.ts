import type { UserEvent } from '../wire/types.ts'
import { ID_LENGTH } from './arrival.ts'
import { isAtBudget } from './budget.ts'
import type { BlobRef } from './entry.ts'
import { foldArrival } from './fold.ts'
import { QUEUE_BYTES, QUEUE_EVENTS } from './settle.ts'
import type { Call, LogState } from './state.ts'
import { isRequiringAction, isWaiting } from './state.ts'
import { weigh, weighQueue } from './weight.ts'

/** Why a session does not take an event; `busy` ones may be sent again later. */
export interface Refusal {
  readonly reason: string
  readonly busy?: true
  /** The wire's name of the cause, where it has one. */
  readonly code?: 'model_does_not_support_mid_conversation_system'
}

const AT_BUDGET =
  'The session has reached its budget: until that is raised or removed it takes user.tool_confirmation, user.tool_result, user.custom_tool_result and user.interrupt only.'

const NO_SYSTEM: Refusal = {
  reason: 'The model of this session takes no system messages.',
  code: 'model_does_not_support_mid_conversation_system',
}

/** What a request says besides an event of it. */
export interface Beside {
  /** What of the event is kept elsewhere. */
  readonly blobs?: readonly BlobRef[] | undefined
  /** The events before it, which the state has been told of. */
  readonly before?: readonly UserEvent[]
  /** The session's own thread. */
  readonly thread?: string
}

/**
 * Whether a session in this state takes the event: the rule that the API refuses by and that tells it whether the
 * event starts or resumes a turn. Null when it is taken.
 */
export function check(
  state: LogState,
  event: UserEvent,
  { blobs = [], before = [], thread }: Beside = {},
): Refusal | null {
  if (state.status === 'terminated') return { reason: 'The session is terminated and takes no further events.' }
  switch (event.type) {
    case 'user.interrupt': {
      const { session_thread_id: named = null } = event
      return named === null || named === thread ? null : { reason: `No thread ${named} in this session.` }
    }
    case 'user.tool_confirmation':
      return isOpen(state, { id: event.tool_use_id, standing: 'asked' })
        ? null
        : { reason: `No tool call ${event.tool_use_id} waits for a confirmation.` }
    case 'user.custom_tool_result':
      return isOpen(state, { id: event.custom_tool_use_id, standing: 'custom' })
        ? null
        : { reason: `No custom tool call ${event.custom_tool_use_id} waits for a result.` }
    case 'user.tool_result':
      return refusesResult(state, event.tool_use_id)
    case 'user.message':
    case 'system.message':
      if (event.type === 'system.message' && state.takesSystem !== true) return NO_SYSTEM
      if (isOutOfTurn(state, event, before.at(-1)?.type)) {
        return { reason: 'The session waits for answers to its tool calls (requires_action); send those first.' }
      }
      if (isAtBudget(state)) return { reason: AT_BUDGET }
      return isFull(state, weigh(event, blobs))
        ? { reason: 'The session has too many queued events; try again.', busy: true }
        : null
    default:
      return { reason: `Events of type ${event.type} are not taken by this session.` }
  }
}

/** Only whoever runs the calls of a self-hosted session settles them, and none before it may run. */
function refusesResult(state: LogState, id: string): Refusal | null {
  if (!state.selfHosted) {
    return { reason: 'user.tool_result is for sessions in self_hosted environments; here the sandbox answers.' }
  }
  if (isOpen(state, { id, standing: 'remote' })) return null
  if (isOpen(state, { id, standing: 'asked' })) return { reason: `The tool call ${id} waits for a confirmation first.` }
  return { reason: `No tool call ${id} waits for a result.` }
}

/** Whether the event, taken in this state, starts or resumes a turn: the last answer that is missing does. */
export function wakes(state: LogState, event: UserEvent): boolean {
  if (state.status !== 'idle' || event.type === 'user.interrupt') return false
  if (!isAnswer(event)) return !isHeld(state) && (event.type !== 'system.message' || state.takesSystem !== true)
  return isHeld(state) && !foldArrival({ ...state, seen: [] }, { ...event, id: 'new' }).calls.some(isWaiting)
}

/** Whether an event settles, or is part of what settles, a call that waits for the client. */
export function isAnswer({ type }: Pick<UserEvent, 'type'>): boolean {
  return ANSWERS.has(type)
}

const ANSWERS: ReadonlySet<string> = new Set(['user.tool_confirmation', 'user.custom_tool_result', 'user.tool_result'])

/** Whether nothing but answers gets the session on: calls wait for them, and no interrupt is about to close those. */
function isHeld(state: LogState): boolean {
  return isRequiringAction(state) && state.calls.some(isWaiting) && !isInterrupted(state)
}

/** Before the last answer nothing is said; a system message may come with a result, never with a confirmation. */
function isOutOfTurn(state: LogState, { type }: UserEvent, behind: UserEvent['type'] | undefined): boolean {
  if (type !== 'system.message') return isHeld(state)
  if (behind === 'user.tool_confirmation') return isRequiringAction(state) && !isInterrupted(state)
  return isHeld(state) && behind !== 'user.custom_tool_result' && behind !== 'user.tool_result'
}

/** Whether a call waits for this kind of answer. An interrupt closes every call. */
function isOpen(state: LogState, wanted: Pick<Call, 'id' | 'standing'>): boolean {
  if (isInterrupted(state)) return false
  return state.calls.some(({ id, standing }) => id === wanted.id && standing === wanted.standing)
}

/** Whether an interrupt has come, of this request or of one before, that the session has not come to yet. */
export function isInterrupted({ queue }: Pick<LogState, 'queue'>): boolean {
  return queue.some(({ type }) => type === 'user.interrupt')
}

function isFull(state: LogState, added: number): boolean {
  return state.queue.length >= QUEUE_EVENTS || weighQueue(state) + added + ID_LENGTH > QUEUE_BYTES
}
