import { isObject } from './json.ts'

/** What a model's tokens cost by list, in hundredths of a cent for a million. */
export interface ModelPrices {
  readonly input: number
  readonly output: number
  readonly cacheWrite: number
  readonly cacheRead: number
}

export interface PriceRow extends ModelPrices {
  /** The model's name without a date. */
  readonly name: string
  readonly speed: Speed
}

type Speed = 'standard' | 'fast'

const PER_DOLLAR = 10_000
const MOST_DOLLARS = 1_000_000

/**
 * Public list prices of the Messages API, cache entries of five minutes. A price is never guessed: a model that is not
 * here, and not in the operator's own table, has none.
 */
export const listPrices: readonly PriceRow[] = [
  row('claude-fable-5-1', [10, 50, 12.5, 0.25]),
  row('claude-fable-5', [10, 50, 12.5, 1]),
  row('claude-opus-5-5', [4, 20, 5, 0.2]),
  row('claude-opus-5', [5, 25, 6.25, 0.5]),
  row('claude-opus-4-8', [5, 25, 6.25, 0.5]),
  row('claude-opus-4-7', [5, 25, 6.25, 0.5]),
  row('claude-opus-4-6', [5, 25, 6.25, 0.5]),
  row('claude-opus-4-5', [5, 25, 6.25, 0.5]),
  row('claude-opus-4-1', [15, 75, 18.75, 1.5]),
  row('claude-opus-4-0', [15, 75, 18.75, 1.5]),
  row('claude-opus-4', [15, 75, 18.75, 1.5]),
  row('claude-sonnet-5', [2, 10, 2.5, 0.2]),
  row('claude-sonnet-4-6', [3, 15, 3.75, 0.3]),
  row('claude-sonnet-4-5', [3, 15, 3.75, 0.3]),
  row('claude-sonnet-4-0', [3, 15, 3.75, 0.3]),
  row('claude-sonnet-4', [3, 15, 3.75, 0.3]),
  row('claude-haiku-4-5', [1, 5, 1.25, 0.1]),
  row('claude-3-7-sonnet', [3, 15, 3.75, 0.3]),
  row('claude-3-5-sonnet', [3, 15, 3.75, 0.3]),
  row('claude-3-5-haiku', [0.8, 4, 1, 0.08]),
  row('claude-3-opus', [15, 75, 18.75, 1.5]),
  row('claude-3-haiku', [0.25, 1.25, 0.3, 0.03]),
  row('claude-opus-5-5', [8, 40, 10, 0.4], 'fast'),
  row('claude-opus-5', [10, 50, 12.5, 1], 'fast'),
  row('claude-opus-4-8', [10, 50, 12.5, 1], 'fast'),
]

/** What may follow a name: a release's date, or the word for the newest. `claude-opus-5` says nothing of `claude-opus-5-5`. */
const RELEASE = /^(?:[-@]\d{8}|-latest)?$/

/** The prices of a model at a speed, the operator's own before the public ones; null where there is none. */
export function findPrices(own: readonly PriceRow[], model: string, at: Speed = 'standard'): ModelPrices | null {
  const found = [...own, ...listPrices].find(
    ({ name, speed }) => speed === at && model.startsWith(name) && RELEASE.test(model.slice(name.length)),
  )
  if (!found) return null
  const { name: _, speed: __, ...prices } = found
  return prices
}

/**
 * Reads an operator's table: `models`, a list of rows with `name`, `input`, `output`, `cache_write` and `cache_read`, in
 * dollars for a million tokens; "speed": "fast" in those that are for fast mode.
 * @throws Error that says which row is wrong, and how.
 */
export function parsePrices(table: unknown): readonly PriceRow[] {
  const models = isObject(table) ? table['models'] : undefined
  if (!Array.isArray(models)) throw new Error('models: expected a list of models')
  return models.map((model: unknown, index) => {
    const { name, ...given } = isObject(model) ? model : {}
    const price = (key: string): number => {
      const dollars = given[key]
      const parsed = typeof dollars === 'number' ? toPrice(dollars) : null
      if (parsed !== null) return parsed
      throw new Error(`models[${index}].${key}: expected dollars for a million tokens, with at most four decimals`)
    }
    if (typeof name !== 'string' || name === '') throw new Error(`models[${index}].name: expected the name of a model`)
    const { speed = 'standard' } = given
    if (speed !== 'standard' && speed !== 'fast') throw new Error(`models[${index}].speed: expected standard or fast`)
    const [input, output] = [price('input'), price('output')]
    return { name, speed, input, output, cacheWrite: price('cache_write'), cacheRead: price('cache_read') }
  })
}

/** @param dollars for a million tokens: input, output, writing to the cache and reading from it. */
function row(name: string, dollars: readonly [number, number, number, number], speed: Speed = 'standard'): PriceRow {
  const price = (index: 0 | 1 | 2 | 3): number => Math.round(dollars[index] * PER_DOLLAR)
  return { name, speed, input: price(0), output: price(1), cacheWrite: price(2), cacheRead: price(3) }
}

/** Dollars as hundredths of a cent; null for what is none, or finer than that. */
function toPrice(dollars: number): number | null {
  const price = Math.round(dollars * PER_DOLLAR)
  const isPrice = dollars >= 0 && dollars <= MOST_DOLLARS && Math.abs(dollars * PER_DOLLAR - price) < 1e-3
  return isPrice ? price : null
}
