import { field } from './field.ts'
import type { Usage } from './usage.ts'

/** List prices of a model, in hundredths of a cent (USD) for a million tokens: whole numbers, so that no sum is rounded. */
export interface Prices {
  readonly input: number
  readonly output: number
  readonly cacheWrite: number
  readonly cacheRead: number
}

/** What a session's cost is counted by; fixed when it begins, so that a new price moves no old sum. */
export interface Accounting {
  /** Null: the model has no list price that is known, and nothing is said of its cost. */
  readonly prices: Prices | null
  /** Cents for an hour of running time. */
  readonly hourly: number
  /** Whether what clients answer to calls is part of the next request's estimate; absent in sessions from before it was. */
  readonly answers?: true
}

/** What is paid for besides tokens. */
export interface Work {
  /** Milliseconds of running time, overlaps counted once. */
  readonly ms: number
  /** Web searches. */
  readonly searches: number
}

/** What a session has used, with the prices it goes by; sessions from before there were any have none. */
export interface Spending {
  readonly usage: Usage
  readonly work?: Work
  readonly accounting?: Accounting
}

/**
 * The unit of all sums: a token at a hundredth of a cent per million is 9 of it, a millisecond at a cent per hour 250, so
 * that both are whole numbers.
 */
const UNITS_PER_CENT = 900_000_000n
const UNITS_PER_TOKEN_PRICE = 9n
const UNITS_PER_MS_RATE = 250n
const CENTS_PER_SEARCH = 1n

/** List cost in units of a 900,000,000th of a cent, exact; null where there is no price. */
export function costOf({ usage, work, accounting }: Spending): bigint | null {
  if (!accounting?.prices) return null
  const { input, output, cacheWrite, cacheRead } = accounting.prices
  const tokens =
    times(usage.input_tokens, input) +
    times(usage.output_tokens, output) +
    times(usage.cache_creation_input_tokens, cacheWrite) +
    times(usage.cache_read_input_tokens, cacheRead)
  return (
    tokens * UNITS_PER_TOKEN_PRICE +
    times(work?.ms ?? 0, accounting.hourly) * UNITS_PER_MS_RATE +
    BigInt(work?.searches ?? 0) * CENTS_PER_SEARCH * UNITS_PER_CENT
  )
}

/** In whole cents, a half rounded up: for telling, never for comparing. */
export function roundCents(cost: bigint): string {
  return String((cost + UNITS_PER_CENT / 2n) / UNITS_PER_CENT)
}

/** The lowest whole number of cents that is more than the cost. */
export function centsAbove(cost: bigint): string {
  return String(cost / UNITS_PER_CENT + 1n)
}

/** Whether a cost is at or over so many whole cents. */
export function reaches(cost: bigint, cents: string): boolean {
  return cost >= BigInt(cents) * UNITS_PER_CENT
}

function times(count: number, price: number): bigint {
  return BigInt(count) * BigInt(price)
}

export function isAccounting(value: unknown): value is Accounting {
  const prices = field(value, 'prices')
  return isWhole(field(value, 'hourly')) && (prices === null || PRICES.every((name) => isWhole(field(prices, name))))
}

const PRICES = ['input', 'output', 'cacheWrite', 'cacheRead']

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
