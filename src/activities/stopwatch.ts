/** Counts whole milliseconds, whatever the clock on the wall does meanwhile. */
export interface Stopwatch {
  /** Since it was started; what was done aside is not among them. */
  read(): number
  /** Does something whose time is not counted. Nothing else may be done meanwhile. */
  aside<T>(work: () => Promise<T>): Promise<T>
}

/** @param now milliseconds since any fixed moment. */
export function startStopwatch(now: () => number = () => performance.now()): Stopwatch {
  const begun = now()
  let apart = 0
  return {
    read: () => Math.round(now() - begun - apart),
    async aside(work) {
      const left = now()
      try {
        return await work()
      } finally {
        apart += now() - left
      }
    },
  }
}
