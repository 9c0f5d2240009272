/** How what a reader got differs from what it should have got. */
export interface Faults {
  /** Expected and never seen. */
  readonly gaps: number
  /** Seen again, or seen though nobody expected it. */
  readonly doubles: number
  /** Seen behind something that it should have preceded. */
  readonly misplaced: number
}

export const noFaults: Faults = { gaps: 0, doubles: 0, misplaced: 0 }

/** Compares keys in the order in which a reader saw them with the list. */
export function judge(seen: readonly string[], expected: readonly string[]): Faults {
  const places = new Map(expected.map((key, place) => [key, place]))
  const found = new Set<string>()
  let doubles = 0
  let misplaced = 0
  let highest = -1
  for (const key of seen) {
    const place = places.get(key)
    if (place === undefined || found.has(key)) {
      doubles += 1
      continue
    }
    found.add(key)
    if (place < highest) misplaced += 1
    highest = Math.max(highest, place)
  }
  return { gaps: expected.length - found.size, doubles, misplaced }
}

/**
 * The same for what may end early: all that is expected is a beginning of the list without holes.
 * @returns with `shed`, how much of the list's end is missing.
 */
export function judgeBeginning(
  seen: readonly string[],
  expected: readonly string[],
): Faults & { readonly shed: number } {
  const known = new Set(seen)
  const reached = expected.findLastIndex((key) => known.has(key)) + 1
  return { ...judge(seen, expected.slice(0, reached)), shed: expected.length - reached }
}

export function addFaults(a: Faults, b: Faults): Faults {
  return { gaps: a.gaps + b.gaps, doubles: a.doubles + b.doubles, misplaced: a.misplaced + b.misplaced }
}
