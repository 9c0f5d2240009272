import type { Session, SessionStatus, StopReason } from '../wire/types.ts'
import type { Spending } from './cost.ts'
import { costOf, reaches } from './cost.ts'
import { field } from './field.ts'

/** A cap on a session's list cost, as the wire has it. */
export type Budget = NonNullable<Session['budget']>

/** Why a budget is refused, whoever refuses it. */
export const UNPRICED = 'the model has no list price here, so what it costs cannot be kept within one'

/** What a session has used, and may use. */
interface Budgeted extends Spending {
  readonly budget?: Budget
}

interface Standing {
  readonly status: SessionStatus
  readonly stop: StopReason | null
}

interface Waiting {
  readonly paused?: true
  readonly queue: readonly unknown[]
}

/** The wire's rule, for clients that pass it by. */
const AMOUNT = /^[1-9]\d{0,14}$/

/** The budget that a value is, and nothing else that it may hold; undefined when it is none. */
export function parseBudget(value: unknown): Budget | undefined {
  const cap = field(value, 'max_list_cost')
  const [amount, currency] = [field(cap, 'amount'), field(cap, 'currency')]
  const isBudget = field(value, 'type') === 'limit' && typeof amount === 'string' && AMOUNT.test(amount)
  return isBudget && currency === 'USD' ? { type: 'limit', max_list_cost: { amount, currency } } : undefined
}

/**
 * Whether the session has cost what it may; what has no price may cost anything. The request that gets it there is
 * finished, and no other begins.
 */
export function isSpent(state: Budgeted): boolean {
  if (!state.budget) return false
  const cost = costOf(state)
  return cost === null || reaches(cost, state.budget.max_list_cost.amount)
}

/** Idle at its budget: until that is raised or removed, the session asks no model. */
export function isAtBudget(state: Budgeted & Standing): boolean {
  return state.status === 'idle' && state.stop?.type === 'budget_reached' && isSpent(state)
}

/** Whether there is something that such a session goes on with once its budget is raised or removed. */
export function isHeldUp(state: Budgeted & Standing & Waiting): boolean {
  return isAtBudget(state) && (state.paused === true || state.queue.length > 0)
}
