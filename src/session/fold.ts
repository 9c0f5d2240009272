import type { ModelUsage } from '../wire/types.ts'
import type { ContextState } from './context.ts'
import { afterAnswer, afterSummary, afterTrimming, afterUsage, anew, contextOf } from './context.ts'
import type { Arrival, BlobRef, Entry, PrivateEntry } from './entry.ts'
import { isPrivate } from './entry.ts'
import { isFailedRequest } from './failed-request.ts'
import { foldHand } from './hand.ts'
import { hear, hearAnswer, heardOf, sized } from './hearing.ts'
import { foldResource } from './resources.ts'
import { afterReply, afterRoom, afterShortening } from './estimate.ts'
import { hasSeen, remember } from './seen.ts'
import type { Work } from './cost.ts'
import type { Answer, Call, LogState, Phase } from './state.ts'
import { ANSWER_WINDOW, blobsOf, configurationOf, isCutShort, isRequiringAction, isUnderWay } from './state.ts'
import { addUsage } from './usage.ts'

/**
 * The log, folded: what one entry does to the state. Both sides use it, the workflow on what it decides and receives
 * and every reader on what history shows, so the two cannot come to differ. Entries of unknown type change nothing.
 * @param blobs what of the entry is kept elsewhere.
 */
export function fold(state: LogState, entry: Entry, blobs?: readonly BlobRef[]): LogState {
  if (isPrivate(entry)) return foldPrivate(state, entry, blobs)
  switch (entry.type) {
    case 'session.status_running':
      return foldRunning(state)
    case 'session.status_rescheduled':
      return { ...state, status: 'rescheduling', phase: 'backoff' }
    case 'session.thread_status_idle':
      return entry.stop_reason.type === 'budget_reached' ? { ...state, paused: true } : state
    case 'session.status_idle':
      return foldIdle(state, entry)
    case 'session.status_terminated':
    case 'session.deleted':
      return { ...state, status: 'terminated', phase: 'idle', calls: [], request: null }
    case 'session.error':
      return isFailedRequest(entry.error) ? { ...state, failures: state.failures + 1 } : state
    case 'session.usage':
      return { ...state, usage: { ...state.usage, active_seconds: entry.usage.active_seconds ?? 0 } }
    case 'session.updated':
      return foldUpdated(state, entry)
    case 'span.model_request_start':
      return { ...state, request: entry.id, phase: contextOf(state).compacting ? 'compacting' : 'model' }
    case 'span.model_request_end':
      return foldRequestEnd(state, entry)
    case 'agent.tool_use':
      return addCall(state, toCall(entry, standingOf(state, entry.evaluated_permission), blobs))
    case 'agent.custom_tool_use':
      return addCall(state, toCall(entry, 'custom', blobs))
    case 'agent.tool_result':
      return closeCall(hear(state, entry.content, blobs), entry.tool_use_id)
    // What an interrupt says in the client's stead.
    case 'user.tool_result':
      return closeCall(state, entry.tool_use_id)
    case 'user.custom_tool_result':
      return closeCall(state, entry.custom_tool_use_id)
    default:
      return state
  }
}

function foldPrivate(state: LogState, entry: PrivateEntry, blobs: readonly BlobRef[] | undefined): LogState {
  switch (entry.type) {
    case 'log.mark':
      return foldMark(state, entry.id, entry.dropped === true)
    case 'log.assistant':
      return foldAnswered(state, entry, blobs)
    case 'log.retry':
      return { ...state, retryAfterMs: entry.after_ms }
    case 'log.configured':
      return {
        ...state,
        configuration: entry.configuration,
        ...(entry.accounting ? { accounting: entry.accounting } : {}),
        ...(entry.takesSystem === undefined ? {} : { takesSystem: entry.takesSystem }),
        ...(entry.selfHosted ? { selfHosted: true } : {}),
        ...(entry.provisioning ? { provisioning: entry.provisioning } : {}),
      }
    case 'log.worked':
      return {
        ...state,
        work: { ...workOf(state), ms: entry.ms },
        usage: { ...state.usage, active_seconds: entry.ms / 1000 },
      }
    case 'log.abandoned':
      return abandon(state, entry.id)
    case 'log.archived':
      return { ...state, archived: true }
    case 'log.trimmed':
      return {
        ...sized(state, (size) => afterRoom(size, entry.longest !== undefined)),
        phase: goOn(state),
        context: afterTrimming(contextOf(state), entry),
      }
    case 'log.file_refused':
      return { ...state, phase: goOn(state) }
    case 'log.adopted':
      return { ...state, adopted: entry.context }
    case 'log.crowded':
      return { ...state, context: { ...contextOf(state), crowded: true } }
    case 'log.compacting':
      return { ...state, phase: goOn(state), context: { ...contextOf(state), compacting: true } }
    case 'log.summary':
      return { ...state, ...searched(state, entry), failures: 0, context: afterSummary(contextOf(state)) }
    case 'log.cancelled':
      return { ...state, interrupting: true }
    case 'log.provisioned':
    case 'log.unprovisioned':
      return foldHand(state, entry)
    case 'log.resource':
    case 'log.resource_removed':
      return foldResource(state, entry)
    default:
      return state
  }
}

const STANDING = { allow: 'allowed', ask: 'asked', deny: 'refused' } as const

function standingOf({ selfHosted }: LogState, permission: keyof typeof STANDING = 'allow'): Call['standing'] {
  return selfHosted && permission === 'allow' ? 'remote' : STANDING[permission]
}

/**
 * An arrival: messages and interrupts only enter the queue; a client's answer settles its call, now or, if history
 * shows it before the call, when the call appears. Either way it commutes with the results around it.
 */
export function foldArrival(state: LogState, event: Arrival, blobs?: readonly BlobRef[]): LogState {
  if (hasSeen(state.seen, event.id)) return state
  const next = { ...state, seen: remember(state.seen, event.id) }
  switch (event.type) {
    case 'user.message':
    case 'user.interrupt':
    case 'system.message':
      return {
        ...next,
        queue: [...state.queue, event],
        ...(blobs ? { blobs: { ...state.blobs, [event.id]: blobs } } : {}),
      }
    case 'user.tool_confirmation':
      return foldAnswer(next, {
        call: event.tool_use_id,
        result: event.result,
        ...(event.deny_message ? { message: event.deny_message } : {}),
      })
    case 'user.custom_tool_result':
      return foldAnswer(next, { call: event.custom_tool_use_id, result: 'settled', ...heardOf(next, event, blobs) })
    case 'user.tool_result':
      return foldAnswer(next, { call: event.tool_use_id, result: 'returned', ...heardOf(next, event, blobs) })
    default:
      return next
  }
}

function foldMark(state: LogState, id: string, dropped: boolean): LogState {
  const event = state.queue.find((queued) => queued.id === id)
  if (!event) return state
  const left = leaveQueue(state, event)
  if (dropped) return left
  if (event.type === 'user.interrupt') return { ...left, interrupting: isUnderWay(state) }
  const next = 'content' in event ? hear(left, event.content, blobsOf(state, id)) : left
  const isAnswered = event.type !== 'system.message' || state.takesSystem !== true
  return next.phase === 'over' && isAnswered ? { ...next, phase: 'ready' } : next
}

function leaveQueue(state: LogState, event: Arrival): LogState {
  const queue = state.queue.filter((queued) => queued !== event)
  if (!blobsOf(state, event.id)) return { ...state, queue }
  const { blobs = {}, ...rest } = state
  const others = Object.entries(blobs).filter(([id]) => id !== event.id)
  return { ...rest, queue, ...(others.length > 0 ? { blobs: Object.fromEntries(others) } : {}) }
}

function foldUpdated(state: LogState, entry: Extract<Entry, { type: 'session.updated' }>): LogState {
  const { budget, ...rest } = state
  const after = entry.budget === undefined ? budget : entry.budget
  return {
    ...rest,
    ...(after ? { budget: after } : {}),
    ...(entry.configuration === undefined ? {} : reconfigured(state, entry.configuration)),
    title: entry.title === undefined ? state.title : entry.title,
    metadata: entry.metadata ?? state.metadata,
  }
}

/** A turn that waits goes on with what it began with: its calls were made with those tools, and the provider's cache holds them. */
function reconfigured(state: LogState, configuration: string): Pick<LogState, 'configuration' | 'asking'> {
  const asking = configurationOf(state)
  return { configuration, ...(asking !== null && isOnHold(state) ? { asking } : {}) }
}

/** Whether the turn waits, for its client or for more of a budget, and is not over. */
function isOnHold(state: LogState): boolean {
  return state.paused === true || isRequiringAction(state)
}

/** A turn begins, or goes on after a back-off, after the client's last answer or after a pause at the budget. */
function foldRunning({ paused, asking, ...state }: LogState): LogState {
  const isLeft = (paused === true || state.status === 'rescheduling') && !contextOf(state).compacting
  const isBroken = isLeft && state.answer?.reason === 'pause_turn'
  const phase = state.calls.length > 0 ? 'tools' : isBroken ? 'over' : 'ready'
  const next = { ...state, status: 'running', phase, stop: null, stopDetails: null, interrupting: false } as const
  if (paused || state.status === 'rescheduling' || isRequiringAction(state))
    return asking === undefined ? next : { ...next, asking }
  return { ...next, rounds: 0, failures: 0, ...(state.context ? { context: anew(state.context) } : {}) }
}

function foldIdle(state: LogState, entry: Extract<Entry, { type: 'session.status_idle' }>): LogState {
  const waits = entry.stop_reason.type === 'requires_action'
  return {
    ...state,
    status: 'idle',
    phase: 'idle',
    stop: entry.stop_reason,
    stopDetails: entry.stop_details,
    request: null,
    calls: waits ? state.calls : [],
    interrupting: false,
  }
}

function foldRequestEnd(state: LogState, entry: Extract<Entry, { type: 'span.model_request_end' }>): LogState {
  const own = state.answer?.usage ?? entry.model_usage
  const answer = withoutUsage(state.answer)
  const next = { ...state, request: null, answer, usage: addUsage(state.usage, entry.model_usage) }
  if (entry.is_error) return { ...next, phase: 'failed' }
  const isSummary = state.phase === 'compacting'
  const afterwards = isSummary ? afterShortening : afterReply
  const told = state.interrupting ? next : sized(next, (size) => afterwards(size, own))
  return isSummary ? { ...told, phase: 'ready' } : foldStep({ ...told, context: toldOf(state, own) })
}

function withoutUsage(answer: LogState['answer']): LogState['answer'] {
  if (!answer?.usage) return answer
  const { usage: _, ...rest } = answer
  return rest
}

/** What is known of the context behind a request's end: one that was given up says nothing of it. */
function toldOf(state: LogState, usage: ModelUsage): ContextState {
  return state.interrupting ? contextOf(state) : afterUsage(contextOf(state), usage)
}

/** What the model's answer leaves to do. */
function foldStep(state: LogState): LogState {
  // What goes on without calls counts as a round too, so that it cannot go on for ever.
  if (state.answer?.reason === 'pause_turn') return { ...state, phase: 'over', rounds: state.rounds + 1 }
  if (isCutShort(state)) return { ...state, phase: 'over', rounds: state.rounds + 1 }
  if (!state.answer?.calls) return { ...state, phase: 'over' }
  const step = { ...state, phase: state.calls.length > 0 ? 'tools' : 'ready', rounds: state.rounds + 1 } as const
  const isForHands = !state.selfHosted && state.calls.some(mayHandsRun)
  return isForHands ? { ...step, told: state.abandoned, abandoned: [] } : step
}

function foldAnswered(
  state: LogState,
  entry: Extract<Entry, { type: 'log.assistant' }>,
  blobs: readonly BlobRef[] | undefined,
): LogState {
  const { stop_reason: reason, explanation = null, category, usage } = entry
  const context = afterAnswer(contextOf(state), entry, blobs)
  const work = searched(state, entry)
  const named = category === undefined ? {} : { category }
  const answer = { reason, explanation, ...named, calls: entry.calls.length, ...(usage ? { usage } : {}) }
  return { ...state, ...work, failures: 0, answer, context }
}

function searched(state: LogState, { searches }: { readonly searches?: number }): Pick<LogState, 'work'> {
  const { ms, searches: before } = workOf(state)
  return searches ? { work: { ms, searches: before + searches } } : {}
}

function workOf({ work }: LogState): Work {
  return work ?? { ms: 0, searches: 0 }
}

/** Room was made for a request that had failed, or an answer that was cut short, for the lack of it. */
function goOn({ phase }: LogState): Phase {
  return phase === 'failed' || phase === 'over' ? 'ready' : phase
}

/** Whether the hands have a part in the call, whatever the client says of it. */
function mayHandsRun({ standing }: Call): boolean {
  return standing !== 'custom' && standing !== 'refused'
}

function toCall(
  { id, name, input }: Pick<Call, 'id' | 'name' | 'input'>,
  standing: Call['standing'],
  blobs: readonly BlobRef[] | undefined,
): Call {
  return { id, name, input, ...(blobs ? { blobs } : {}), standing }
}

/** The first answer in log order wins, and it may stand before its call. */
function addCall(state: LogState, call: Call): LogState {
  const next = { ...state, calls: [...state.calls, call] }
  const early = state.answers.filter((answer) => answer.call === call.id)
  return early.reduce<LogState>((before, answer) => applyAnswer(before, answer, true), next)
}

function foldAnswer(state: LogState, answer: Answer): LogState {
  return applyAnswer({ ...state, answers: [...state.answers, answer].slice(-ANSWER_WINDOW) }, answer)
}

/** An answer that is not what its call waits for changes nothing. */
function applyAnswer(state: LogState, answer: Answer, isAhead = false): LogState {
  const { call: id, result, message } = answer
  const call = state.calls.find((open) => open.id === id)
  if (!call) return state
  if (result === 'settled' || result === 'returned') {
    const isFor = result === 'settled' ? call.standing === 'custom' : isForWorkers(state, call)
    return isFor ? closeCall(hearAnswer(state, answer, isAhead), id) : state
  }
  if (call.standing !== 'asked') return state
  const allowed = state.selfHosted ? 'remote' : 'confirmed'
  const answered: Call = {
    ...call,
    standing: result === 'allow' ? allowed : 'denied',
    ...(message ? { denial: message } : {}),
  }
  return { ...state, calls: state.calls.map((open) => (open === call ? answered : open)) }
}

/**
 * Whether a worker's result closes the call: of a self-hosted session any that policy did not refuse, so that the
 * transcript, which knows nothing of confirmations, has the same result. The API takes none that does not wait for one.
 */
function isForWorkers({ selfHosted }: LogState, { standing }: Call): boolean {
  return selfHosted === true && standing !== 'refused' && standing !== 'custom'
}

function closeCall(state: LogState, id: string): LogState {
  const call = state.calls.find((open) => open.id === id)
  if (!call) return state
  const calls = state.calls.filter((open) => open !== call)
  const isStepOver = calls.length === 0 && state.phase === 'tools'
  // What is interrupted may still run, except where the client would have run it.
  const isAbandoned = state.interrupting && !state.selfHosted && call.standing !== 'custom'
  const next: LogState = { ...state, calls, phase: isStepOver ? 'ready' : state.phase }
  return isAbandoned ? abandon(next, id) : next
}

/** With it may go what told the hands of those before it: whether they heard is not known, so they are told again. */
function abandon(state: LogState, id: string): LogState {
  return { ...state, abandoned: [...new Set([...state.told, ...state.abandoned, id])] }
}
