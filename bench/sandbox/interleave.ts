/** One thing that is done over and over and timed, beside others that do the same by other means. */
export interface Arm {
  readonly name: string
  /** Does it once: the milliseconds that count. What comes before and after them is not in the figure. */
  readonly once: () => Promise<number>
}

/**
 * Runs every arm once per round, each round beginning with the next arm, so that what else the machine does falls on
 * all of them alike. Answers the times by arm; the first `warmUp` rounds are left out.
 */
export async function interleave(
  arms: readonly Arm[],
  { rounds, warmUp }: { readonly rounds: number; readonly warmUp: number },
): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map(arms.map(({ name }) => [name, [] as number[]]))
  for (let round = 0; round < warmUp + rounds; round += 1) {
    for (const { name, once } of rotate(arms, round)) {
      const took = await once()
      if (round >= warmUp) times.get(name)?.push(took)
    }
  }
  return times
}

/** Milliseconds that `act` takes. */
export async function time(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await act()
  return performance.now() - start
}

/** The same from the `by`-th on, the first ones behind the last. */
export function rotate<T>(items: readonly T[], by: number): readonly T[] {
  const at = items.length === 0 ? 0 : by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}
