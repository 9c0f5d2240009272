/**
 * How long a session may have lived for its life to be counted in ticks of this length, so that numbers have at most
 * nine digits: while it is young two resets hardly fall into one tick, and runs follow each other far more slowly.
 */
const TICKS: readonly { readonly untilMs: number; readonly tickMs: number }[] = [
  { untilMs: 4 * 86_400_000, tickMs: 1 },
  { untilMs: 40 * 86_400_000, tickMs: 10 },
  // Ten years.
  { untilMs: 3650 * 86_400_000, tickMs: 1000 },
]
/** So many resets of one run within a tick are made room for. */
const SPARE = 4

/**
 * The number of a run that a reset made of run `base`, in the session's life so far. No history tells which runs were
 * given up, and no place of theirs may ever be another entry's: so it is above all that any run can have by then.
 */
export function numberAfterReset(base: number, lifeMs: number): number {
  return Math.max(base + 1, ticksOf(lifeMs))
}

/**
 * A number above that of the present run, for a workflow that was reset: it cannot see when, and how often. It knows
 * the number that the run had before.
 */
export function numberBehindResets(base: number, lifeMs: number): number {
  return Math.max(base, ticksOf(lifeMs)) + SPARE
}

/** Ticks that have begun; past ten years there are no more of them. */
function ticksOf(lifeMs: number): number {
  let ticks = 0
  let fromMs = 0
  for (const { untilMs, tickMs } of TICKS) {
    ticks += Math.ceil((Math.min(Math.max(lifeMs, fromMs), untilMs) - fromMs) / tickMs)
    fromMs = untilMs
  }
  return ticks
}
