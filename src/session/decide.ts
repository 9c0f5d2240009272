import type { StopDetails, StopReason } from '../wire/types.ts'
import { isAtBudget, isSpent } from './budget.ts'
import { contextPolicyOf, isCompactionDue, trimOldResults } from './compaction.ts'
import { contextOf } from './context.ts'
import type { Journal } from './journal.ts'
import { close } from './closings.ts'
import { fail, giveUp } from './endings.ts'
import { handOfCall } from './hand.ts'
import { nameArrivals, startTurn, takeUpQueue, takeUpSystem } from './settle.ts'
import type { Call, LogState } from './state.ts'
import { MAIN, configurationOf, handOf, isCutShort, isWaiting } from './state.ts'

/** What the loop performs. Keys are stable: a command that is still wanted is not performed again. */
export type Command =
  | { readonly do: 'callModel'; readonly key: string; readonly request: string; readonly configuration: string | null }
  | { readonly do: 'compact'; readonly key: string; readonly request: string; readonly configuration: string | null }
  | {
      readonly do: 'execute'
      readonly key: string
      readonly call: Call
      readonly abandoned: readonly string[]
      /** Absent: `main`. */
      readonly hand?: string
      /** Where the hand's sandbox is, as far as it is known. */
      readonly host?: string
      /** The newest generation of it that the model has been told of. */
      readonly known?: number
      /** How often the session's resources have changed. */
      readonly supplies?: number
    }
  | { readonly do: 'provision'; readonly key: string; readonly hand: string; readonly supplies?: number }
  | { readonly do: 'backOff'; readonly key: string; readonly ms: number }
  | { readonly do: 'close'; readonly key: string }

/** Goes on from where the inputs left the session, writing decisions, until only commands or clients can help. */
export function advance(journal: Journal): void {
  nameArrivals(journal)
  let before: LogState | null = null
  while (before !== journal.state) {
    before = journal.state
    step(journal)
  }
}

function step(journal: Journal): void {
  const { state } = journal
  if (state.status === 'idle') {
    if (state.stop?.type === 'requires_action') return tellWhatIsLeft(journal, state.stop.event_ids)
    if (state.queue.length > 0 && !isAtBudget(state)) startTurn(journal)
    return
  }
  switch (state.phase) {
    case 'ready':
      // The request's time is the model's own.
      return isAwaitingHands(state) ? undefined : ask(journal)
    case 'over':
      return finish(journal)
    case 'tools':
      return settleCalls(journal)
    default:
      return
  }
}

function ask(journal: Journal): void {
  if (isOverLimit(journal) || isPaused(journal) || isCompacted(journal)) return
  if (journal.surroundings.policy.steering === 'step') takeUpQueue(journal)
  else takeUpSystem(journal)
  journal.emit({ type: 'span.model_request_start' })
}

/** A model that paused goes on from its own answer: nothing may come between. */
function askOn(journal: Journal): void {
  if (!isOverLimit(journal) && !isPaused(journal)) journal.emit({ type: 'span.model_request_start' })
}

/** Whether the turn has had its rounds; it is then ended. */
function isOverLimit(journal: Journal): boolean {
  const { policy } = journal.surroundings
  if (journal.state.rounds < policy.toolRounds) return false
  const message = `harness: ${policy.toolRounds} tool rounds in one turn` as const
  fail(journal, { type: 'tool_use_limit_reached_error', message, retry: 'exhausted' })
  giveUp(journal)
  return true
}

/** Whether the turn has to wait for more of a budget. */
function isPaused(journal: Journal): boolean {
  journal.count()
  if (!isSpent(journal.state)) return false
  journal.idle({ type: 'budget_reached' })
  return true
}

/**
 * Whether a summary is asked for first, or the turn ended because there were too many. What is queued waits until the
 * summary is there, so that the model reads it word for word.
 */
function isCompacted(journal: Journal): boolean {
  const policy = contextPolicyOf(journal)
  if (!policy) return false
  trimOldResults(journal, policy)
  if (!isCompactionDue(journal, policy)) return false
  const { compacting, summaries } = contextOf(journal.state)
  if (summaries >= policy.compactionsInARow) {
    const message = `harness: ${summaries} compactions in a row, and the context is still too long` as const
    fail(journal, { type: 'compaction_limit_reached_error', message, retry: 'exhausted' })
    giveUp(journal)
    return true
  }
  if (!compacting) journal.write({ type: 'log.compacting' })
  journal.emit({ type: 'span.model_request_start' })
  return true
}

/** What was answered in part is told once a pass, so that no client is asked for what it has answered already. */
function tellWhatIsLeft(journal: Journal, told: readonly string[]): void {
  const left = journal.state.calls.filter(isWaiting).map((call) => call.id)
  if (left.length < told.length) journal.idle({ type: 'requires_action', event_ids: left })
}

/**
 * The model has nothing more to do: a queued message is taken up in the same turn, else the turn ends. At the budget what
 * is queued stays there.
 */
function finish(journal: Journal): void {
  const { state, surroundings } = journal
  if (state.answer?.reason === 'pause_turn') return askOn(journal)
  // The model goes on behind a summary: nothing less may follow its own words.
  if (isCutShort(state) && contextPolicyOf(journal)?.resumes) return journal.write({ type: 'log.compacting' })
  journal.count()
  const isSteered = surroundings.policy.steering === 'step' && state.queue.length > 0
  if (isSteered && !isSpent(journal.state)) return takeUpQueue(journal)
  journal.end(...stopOf(state))
}

function stopOf(state: LogState): [StopReason, StopDetails] {
  if (state.answer?.reason !== 'refusal') return [{ type: 'end_turn' }, null]
  const { explanation, category: named } = state.answer
  const category = CATEGORIES.find((known) => known === named) ?? null
  return [{ type: 'refusal' }, { type: 'refusal', category, explanation }]
}

/** Those that clients know; a refusal under another name has none. */
const CATEGORIES = ['cyber', 'bio', 'frontier_llm', 'reasoning_extraction', 'general_harms'] as const

/** Refused calls are closed at once, denied ones when nothing waits any more; when all that is left waits, so do we. */
function settleCalls(journal: Journal): void {
  const waits = journal.state.calls.some(isWaiting)
  for (const call of journal.state.calls) {
    if (call.standing === 'refused') close(journal, call, `Permission to use ${call.name} has been denied.`)
    if (call.standing === 'denied' && !waits) close(journal, call, call.denial ?? `The user denied ${call.name}.`)
  }
  const { calls } = journal.state
  if (waits && !calls.some((call) => call.standing === 'allowed')) {
    journal.idle({ type: 'requires_action', event_ids: calls.filter(isWaiting).map((call) => call.id) })
  }
}

/** What is to be under way in this state. */
export function decide(state: LogState): readonly Command[] {
  if (state.status === 'terminated') return [{ do: 'close', key: 'close' }]
  return [...provision(state), ...goOn(state)]
}

/**
 * The sandbox that the session is to have before a call needs it. That is tried once: one that could not be made, or is
 * lost later, is left to the calls.
 */
function provision(state: LogState): readonly Command[] {
  const hasBegun = state.status !== 'idle' || state.stop !== null
  const provisioning = provisioningOf(state)
  const isDue = provisioning === 'first' || (provisioning === 'parallel' && hasBegun)
  if (!isDue || handOf(state, MAIN)) return []
  return [{ do: 'provision', key: `provision ${MAIN}`, hand: MAIN, ...suppliesOf(state) }]
}

function isAwaitingHands(state: LogState): boolean {
  return provisioningOf(state) === 'first' && !handOf(state, MAIN)
}

/** No sandbox of ours for a session whose calls run elsewhere, whatever somebody's policy says. */
function provisioningOf({ selfHosted, provisioning }: LogState): LogState['provisioning'] {
  return selfHosted ? undefined : provisioning
}

function suppliesOf({ supplies }: LogState): { readonly supplies?: number } {
  return supplies === undefined ? {} : { supplies }
}

/** A confirmed call starts once no other call waits for the client. */
function goOn(state: LogState): readonly Command[] {
  const { request } = state
  const configuration = configurationOf(state)
  switch (state.phase) {
    case 'model':
      return request ? [{ do: 'callModel', key: `model ${request}`, request, configuration }] : []
    case 'compacting':
      return request ? [{ do: 'compact', key: `compact ${request}`, request, configuration }] : []
    case 'backoff':
      return [{ do: 'backOff', key: `backoff ${state.failures}`, ms: state.retryAfterMs }]
    case 'tools': {
      const waits = state.calls.some(isWaiting)
      return state.calls
        .filter((call) => call.standing === 'allowed' || (call.standing === 'confirmed' && !waits))
        .map((call) => ({
          do: 'execute',
          key: `call ${call.id}`,
          call,
          abandoned: state.told,
          ...placeOf(state, call),
        }))
    }
    default:
      return []
  }
}

/** What the hands are told of the one that the call is for. */
function placeOf(
  state: LogState,
  call: Call,
): Pick<Extract<Command, { do: 'execute' }>, 'hand' | 'host' | 'known' | 'supplies'> {
  const hand = handOfCall(state, call)
  const { known, host } = handOf(state, hand) ?? { known: 0 }
  return {
    ...(hand === MAIN ? {} : { hand }),
    known,
    ...(host === undefined ? {} : { host }),
    ...suppliesOf(state),
  }
}
