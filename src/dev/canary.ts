/** What one step through Temporal took: the median of some, back to back. */
export interface CanaryResult {
  readonly stepMs: number
  /** One line to show when it is too slow. */
  readonly warning: string | undefined
}

export interface CanaryOptions {
  /** One workflow task and one activity, there and back. */
  readonly step: () => Promise<void>
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number
}

const limitMs = 40
const steps = 5

/**
 * Measures steps back to back, after one that warms up. A cluster that is not tuned makes every step wait for a 50 ms
 * slot of its queue, but only from the second step on: a rested queue looks fast.
 */
export async function runCanary({ step, now = () => performance.now() }: CanaryOptions): Promise<CanaryResult> {
  await step()
  const taken: number[] = []
  for (let count = 0; count < steps; count += 1) {
    const before = now()
    await step()
    taken.push(now() - before)
  }
  const stepMs = taken.toSorted((a, b) => a - b)[Math.floor(steps / 2)] ?? 0
  return { stepMs, warning: stepMs > limitMs ? describe(stepMs) : undefined }
}

function describe(stepMs: number): string {
  return (
    `a step through Temporal takes ${Math.round(stepMs)} ms, over ${limitMs} ms: ` +
    'set history.transferProcessorMaxPollRPS=2000 in its dynamic configuration, or give it a less busy machine'
  )
}
