/** How many ids of arrivals are remembered against doubles. */
export const SEEN_WINDOW = 1000

/** The newest windows as sets: looking through a list for each of thousands of arrivals takes seconds. */
const sets = new WeakMap<readonly string[], Set<string>>()

export function hasSeen(seen: readonly string[], id: string): boolean {
  return setOf(seen).has(id)
}

/** The window with one more id, which it does not hold yet, and without the oldest when it is full. */
export function remember(seen: readonly string[], id: string): readonly string[] {
  const next = [...seen, id].slice(-SEEN_WINDOW)
  const set = setOf(seen)
  // The set goes over to the new window; whoever asks for the old one again makes it anew.
  sets.delete(seen)
  for (const old of seen.slice(0, seen.length + 1 - next.length)) set.delete(old)
  sets.set(next, set.add(id))
  return next
}

function setOf(seen: readonly string[]): Set<string> {
  const set = sets.get(seen) ?? new Set(seen)
  sets.set(seen, set)
  return set
}
