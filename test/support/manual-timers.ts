import type { After } from '../../src/wire/after.ts'

/** Time that passes when the test says so. */
export interface ManualTimers {
  readonly after: After
  /** Lets so many milliseconds pass; what falls due runs in order. */
  advance(ms: number): void
  /** Timers that have neither run nor been stopped. */
  readonly pending: number
}

export function createManualTimers(): ManualTimers {
  const timers = new Set<{ readonly at: number; readonly run: () => void }>()
  let now = 0
  return {
    after(ms, run) {
      const timer = { at: now + ms, run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    advance(ms) {
      const until = now + ms
      for (;;) {
        const [due] = [...timers].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)
        if (!due) break
        now = due.at
        timers.delete(due)
        due.run()
      }
      now = until
    },
    get pending() {
      return timers.size
    },
  }
}
