import type { ModelUsage } from '../wire/types.ts'
import type { Incoming } from './arrival.ts'
import type { Budget } from './budget.ts'
import { UNPRICED, isAtBudget } from './budget.ts'
import { abandon, endTurn, repeatVerdict } from './closings.ts'
import { makeRoom } from './compaction.ts'
import type { BlobIndex } from './blobs.ts'
import { centsAbove, costOf, reaches } from './cost.ts'
import type { Arrival, BlobRef, Entry } from './entry.ts'
import { isQueued } from './entry.ts'
import type { Failure, Told } from './endings.ts'
import { drop, dropQueue, endRequest, fail, giveUp, isDropping, tell, unprovision } from './endings.ts'
import { fold, foldArrival } from './fold.ts'
import { refusesHands } from './hand.ts'
import type { Journal } from './journal.ts'
import type { Adoptable } from './policy.ts'
import { backOffMs } from './policy.ts'
import type { ResourceChange } from './resource-change.ts'
import { tellFaults } from './repository-faults.ts'
import { recordOf, refusesResource } from './resource-change.ts'
import { hasSeen } from './seen.ts'
import type { LogState } from './state.ts'
import { isQueueSilent, isRequiringAction, isUnderWay, isWaiting } from './state.ts'
import { noModelUsage } from './usage.ts'
import { weighQueue } from './weight.ts'

/** Why a model request came to nothing, as the activity reports it. */
export interface ModelFault {
  readonly error: Failure['type']
  readonly message: string
  readonly retryable: boolean
  readonly retryAfterMs?: number
  /** What the provider had counted of the request. */
  readonly usage?: ModelUsage
  /** The request was longer than the model takes: room can be made in the context. */
  readonly tooLong?: true
  readonly adoptable?: Adoptable
  /** A file in the request was refused: it can be left out. */
  readonly fileRefused?: true
}

type MetadataPatch = Readonly<Record<string, string | null>>

/** What happened since the last pass, in the order in which it counts. */
export type Input =
  /** Entries that history holds already: an activity's result. */
  | { readonly type: 'recorded'; readonly entries: readonly Entry[]; readonly blobs?: BlobIndex }
  /** A user event, the `index`-th of the run's `signal`-th signal; one without an id gets it in {@link nameArrivals}. */
  | {
      readonly type: 'arrived'
      readonly event: Incoming
      readonly signal: number
      readonly index: number
      readonly blobs?: readonly BlobRef[]
    }
  | { readonly type: 'malformed'; readonly reason: string }
  | { readonly type: 'model_failed'; readonly fault: ModelFault }
  /** The call ended without a result of its own: crash retries used up, hands gone. */
  | { readonly type: 'call_failed'; readonly call: string; readonly message: string }
  /** No sandbox could be made for the hand: the turn goes on, and the first call that needs one tries again. */
  | { readonly type: 'unprovisioned'; readonly hand: string; readonly message: Told }
  | { readonly type: 'elapsed' }
  /** A cancel request from outside: an interrupt without an event of its own. */
  | { readonly type: 'cancelled' }
  | {
      readonly type: 'configured'
      readonly title?: string | null
      /** A patch: a string sets its key, null deletes it. */
      readonly metadata?: MetadataPatch
      /** Null removes it, for good. */
      readonly budget?: Budget | null
      /** What the agent becomes, and what it was when that was made. */
      readonly configuration?: { readonly id: string; readonly base: string }
      readonly resources?: ResourceChange
    }
  | { readonly type: 'archived' }
  | { readonly type: 'failed'; readonly message: Told }

type Configured = Extract<Input, { type: 'configured' }>

/** Queued inputs a session accepts, and their JSON size together; what exceeds them is dropped, and told. */
export const QUEUE_EVENTS = 256
export const QUEUE_BYTES = 512 * 1024

/** Pairs in the metadata of a session. The wire refuses more too, but two patches at once may each pass it. */
const METADATA_PAIRS = 16

/** Takes one input into the log. */
export function settle(journal: Journal, input: Input): void {
  switch (input.type) {
    case 'recorded':
      return record(journal, input)
    case 'arrived':
      return receive(journal, input)
    case 'malformed':
      if (journal.state.status === 'terminated') return undefined
      return fail(journal, { type: 'unknown_error', message: `client: ${input.reason}`, retry: 'exhausted' })
    case 'model_failed':
      return settleFault(journal, input.fault)
    case 'call_failed':
      return abandon(journal, input)
    case 'unprovisioned':
      return unprovision(journal, input)
    case 'elapsed':
      return journal.state.status === 'rescheduling' ? journal.run() : undefined
    case 'cancelled':
      if (isUnderWay(journal.state)) journal.write({ type: 'log.cancelled' })
      return endTurn(journal)
    case 'configured':
      return settleConfiguration(journal, input)
    case 'archived':
      return archive(journal)
    case 'failed':
      fail(journal, { type: 'unknown_error', message: input.message, retry: 'terminal' })
      return journal.terminate()
  }
}

/**
 * Whether taking these inputs up gives up what the step has begun, so that it must be cancelled before.
 * @param thread the session's own.
 */
export function interrupts(state: LogState, inputs: readonly Input[], thread: string): boolean {
  return inputs.some(
    (input) =>
      input.type === 'cancelled' ||
      (input.type === 'arrived' && isInterruptOf(thread, input.event) && !isDouble(state, input.event)),
  )
}

/** Whether an interrupt is for this thread: one that names none is for all. */
function isInterruptOf(thread: string, event: Incoming): boolean {
  return event.type === 'user.interrupt' && [undefined, null, thread].includes(event.session_thread_id)
}

/** Why an update is not done; `code` is the wire's name of the cause, where it has one. */
export interface Refused {
  readonly reason: string
  readonly code?: 'budget_create_only' | 'budget_not_raised' | 'model_not_budgetable' | 'configuration_changed'
}

/** Why the session does not do what an update asks for; null when it does. */
export function refuses(state: LogState, input: Input): Refused | null {
  if (input.type === 'archived' && (state.status === 'running' || state.status === 'rescheduling')) {
    return { reason: `The session is ${state.status}; interrupt it and wait until it is idle before archiving it.` }
  }
  if (input.type === 'configured' && state.status === 'terminated')
    return { reason: 'The session is terminated and cannot change.' }
  if (input.type === 'configured') {
    const pairs = Object.keys(patched(state, input.metadata)).length
    if (pairs > METADATA_PAIRS)
      return { reason: `metadata: expected at most ${METADATA_PAIRS} pairs, got ${pairs} after the update` }
    const moved = refusesHands(state, input.metadata)
    if (moved !== null) return { reason: moved }
    const full = input.resources ? refusesResource(state, input.resources) : null
    if (full !== null) return { reason: full }
    return (
      refusesConfiguration(state, input.configuration) ?? (input.budget ? refusesBudget(state, input.budget) : null)
    )
  }
  return null
}

/** The agent changes between turns only. What it has become already is a repeated update. */
function refusesConfiguration({ status, configuration }: LogState, next: Configured['configuration']): Refused | null {
  if (!next || next.id === configuration) return null
  if (status === 'running' || status === 'rescheduling') {
    return { reason: `agent: the session is ${status}; its agent can change only while it is idle.` }
  }
  if (next.base === configuration) return null
  return { reason: 'agent: it was changed meanwhile; try again.', code: 'configuration_changed' }
}

/** A budget is given at creation, and is never below what was spent. */
function refusesBudget(state: LogState, { max_list_cost: { amount } }: Budget): Refused | null {
  const cost = costOf(state)
  if (!state.budget) {
    return { reason: 'budget: the session has none; one is given when it is created.', code: 'budget_create_only' }
  }
  if (cost === null) return { reason: `budget: ${UNPRICED}`, code: 'model_not_budgetable' }
  if (!reaches(cost, amount)) return null
  const least = centsAbove(cost)
  return {
    reason: `budget: expected more than the session has cost, ${least} or more, got ${amount}`,
    code: 'budget_not_raised',
  }
}

function isDouble(state: LogState, event: Incoming): boolean {
  return event.id !== undefined && hasSeen(state.seen, event.id)
}

/** What was recorded elsewhere takes effect, and what clients are to know of it is told behind all of it. */
function record(journal: Journal, { entries, blobs }: Extract<Input, { type: 'recorded' }>): void {
  const before = journal.state
  for (const [index, entry] of entries.entries()) journal.advance(fold(journal.state, entry, blobs?.[index]))
  tellFaults(journal, before, entries)
}

function receive(journal: Journal, { event, signal, index, blobs }: Extract<Input, { type: 'arrived' }>): void {
  if (event.id === undefined) journal.unnamed.push({ event, signal, index })
  else settleArrival(journal, { ...event, id: event.id }, blobs)
}

/** Mints the ids that are missing. An event is an entry only from there on, so it takes effect there and not before. */
export function nameArrivals(journal: Journal): void {
  for (const { event, signal, index } of journal.unnamed.splice(0)) {
    const id = journal.surroundings.mint()
    journal.write({ type: 'log.minted', id, signal, index })
    settleArrival(journal, { ...event, id })
  }
}

function settleArrival(journal: Journal, event: Arrival, blobs?: readonly BlobRef[]): void {
  const before = journal.state
  journal.advance(foldArrival(before, event, blobs))
  if (journal.state === before) return
  if (before.status === 'terminated') return isQueued(event) ? drop(journal, event.id) : undefined
  const fault = faultOf(journal, event)
  if (fault !== null) {
    const message = `client: ${fault}; what came is dropped` as const
    if (!isDropping(journal)) fail(journal, { type: 'unknown_error', message, retry: 'exhausted' })
    return drop(journal, event.id)
  }
  if (event.type === 'user.interrupt') {
    journal.write({ type: 'log.mark', id: event.id })
    return endTurn(journal)
  }
  repeatVerdict(journal, event)
  if (isRequiringAction(before)) return journal.state.calls.some(isWaiting) ? undefined : journal.run()
  if (before.status === 'idle' && isQueued(event) && !isAtBudget(before)) startTurn(journal)
}

const OVERFULL = `the queue is full (${QUEUE_EVENTS} events, ${QUEUE_BYTES} bytes)`
/** As many as the API takes of one. */
const SYSTEM_BLOCKS = 1000

/** What a plain client may get wrong about what is queued; the API refuses it. */
function faultOf({ state, surroundings: { threadId } }: Journal, event: Arrival): string | null {
  if (event.type === 'user.interrupt') {
    const named = JSON.stringify(event.session_thread_id)
    return isInterruptOf(threadId, event) ? null : `the session has no thread ${named.slice(0, 100)}`
  }
  if (!isQueued(event)) return null
  return isOverfull(state) ? OVERFULL : faultOfSystem(state, event)
}

function faultOfSystem({ takesSystem }: LogState, event: Arrival): string | null {
  if (event.type !== 'system.message' || takesSystem === undefined) return null
  if (!takesSystem) return 'the model of this session takes no system messages'
  const isWords = event.content.length <= SYSTEM_BLOCKS && event.content.every(({ type }) => type === 'text')
  return isWords ? null : `a system message holds 1 to ${SYSTEM_BLOCKS} texts and nothing else`
}

/**
 * A turn starts at the fold of its first message, so that an interrupt behind it in the same batch ends it. What waits
 * for a message takes effect without one.
 */
export function startTurn(journal: Journal): void {
  if (!isQueueSilent(journal.state)) journal.run()
  takeUpQueue(journal)
}

/** Marks what a client has said to the model as its operator, as far as no message stands before it. */
export function takeUpSystem(journal: Journal): void {
  for (const event of journal.state.queue) {
    if (!isQueueSilent({ ...journal.state, queue: [event] })) return
    journal.write({ type: 'log.mark', id: event.id })
  }
}

/** Marks everything queued, in order, in one go. */
export function takeUpQueue(journal: Journal): void {
  for (const event of journal.state.queue) journal.write({ type: 'log.mark', id: event.id })
}

function settleFault(journal: Journal, fault: ModelFault): void {
  const { request, failures } = journal.state
  const { policy } = journal.surroundings
  const message = tell(fault.message, 'model: the request failed')
  if (request) endRequest(journal, { request, isError: true, usage: fault.usage ?? noModelUsage() })
  if (fault.tooLong && makeRoom(journal, fault.adoptable)) return undefined
  if (fault.fileRefused) journal.write({ type: 'log.file_refused', text: toLeftOut(fault) })
  if ((fault.retryable || fault.fileRefused) && failures + 1 < policy.tries) {
    fail(journal, { type: fault.error, message, retry: 'retrying' })
    journal.write({ type: 'log.retry', after_ms: backOffMs(policy, failures, fault.retryAfterMs) })
    return journal.reschedule()
  }
  fail(journal, { type: fault.error, message, retry: 'exhausted' })
  giveUp(journal)
}

/** What the model reads in place of a file. */
function toLeftOut({ message }: ModelFault): string {
  return `[An image or document is left out here, because the request that held it was refused: ${message}]`
}

/** Done once, however often it is asked for. */
function archive(journal: Journal): void {
  dropQueue(journal)
  if (!journal.state.archived) journal.write({ type: 'log.archived' })
  if (journal.state.status !== 'terminated') journal.terminate()
}

function settleConfiguration(journal: Journal, input: Configured): void {
  const { title, budget = null, configuration } = journal.state
  const metadata = patched(journal.state, input.metadata)
  const changes = {
    ...(input.title !== undefined && input.title !== title ? { title: input.title } : {}),
    ...(isSame(metadata, journal.state.metadata) ? {} : { metadata }),
    ...(input.budget !== undefined && amountOf(input.budget) !== amountOf(budget) ? { budget: input.budget } : {}),
    ...(input.configuration && input.configuration.id !== configuration
      ? { configuration: input.configuration.id }
      : {}),
  }
  if (Object.keys(changes).length > 0) journal.emit({ type: 'session.updated', ...changes })
  const resource = input.resources && recordOf(journal.state, input.resources)
  if (resource) journal.write(resource)
  resume(journal)
}

/** What stood still at the budget goes on at the place where that is raised, so that an interrupt behind it ends it. */
function resume(journal: Journal): void {
  const { status, stop, paused, queue } = journal.state
  if (status !== 'idle' || stop?.type !== 'budget_reached' || isAtBudget(journal.state)) return
  if (paused) journal.run()
  else if (queue.length > 0) startTurn(journal)
}

function amountOf(budget: Budget | null): string | undefined {
  return budget?.max_list_cost.amount
}

/** Through a map: a plain object would take the key `__proto__` for its prototype. */
function patched({ metadata }: LogState, patch: MetadataPatch = {}): Record<string, string> {
  const bag = new Map(Object.entries(metadata))
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) bag.delete(key)
    else bag.set(key, value)
  }
  return Object.fromEntries(bag)
}

function isSame(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key])
}

function isOverfull(state: LogState): boolean {
  return state.queue.length > QUEUE_EVENTS || weighQueue(state) > QUEUE_BYTES
}
