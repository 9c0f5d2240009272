/** Running time as the work that was done: the time in which at least one activity did what it came to an end with. */
export interface WorkClock {
  /** Work of so many milliseconds has ended now. */
  add(ms: number): void
  /** What was added since the last time, overlaps counted once. Asked while nothing is under way. */
  take(): number
}

/**
 * The union of what is added, which comes in the order of its ends: what is new reaches back over what it overlaps.
 * @param time milliseconds.
 */
export function createWorkClock(time: () => number): WorkClock {
  let spans: { readonly from: number; readonly to: number }[] = []
  let taken = 0
  return {
    add(ms) {
      const to = time()
      let from = Math.max(to - ms, taken)
      for (let last = spans.at(-1); last && last.to >= from; last = spans.at(-1)) {
        from = Math.min(from, last.from)
        spans.pop()
      }
      if (from < to) spans.push({ from, to })
    },
    take() {
      const sum = spans.reduce((total, { from, to }) => total + to - from, 0)
      taken = spans.at(-1)?.to ?? taken
      spans = []
      return sum
    },
  }
}
