import { randomInt } from 'node:crypto'

/** Draws of a fixed sequence: the same seed, the same draws. */
export interface Random {
  /** From 0 up to and without `end`. */
  below(end: number): number
  /** True this often, from 0 to 1. */
  chance(share: number): boolean
  pick<Item>(items: readonly [Item, ...Item[]] | readonly Item[]): Item
}

/** Mulberry32: small, quick, and good enough to choose test cases with. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (end: number): number => Math.floor(next() * end)
  return {
    below,
    chance: (share) => next() < share,
    pick(items) {
      const item = items[below(items.length)]
      if (item === undefined) throw new Error('expected something to pick from')
      return item
    },
  }
}

/** The seed of `FUZZ_SEED`, or a new one; printed, so that a run can be made again. */
export function chooseSeed(): number {
  const seed = Number(process.env['FUZZ_SEED'] ?? randomInt(2 ** 31))
  console.log(`fuzz: seed ${seed} (FUZZ_SEED=${seed} makes the same requests again)`)
  return seed
}
