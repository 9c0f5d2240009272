import type { Order, Point, Report } from './points.ts'

/** What a worker has been ordered to die of. */
export interface Fate {
  /** Whether the worker has got where it was ordered to, so often as it was ordered to: then never again. */
  meets(point: Point): boolean
  /** SIGKILL to this process: nothing of ours runs any more. */
  die(): never
  delayMs(): number
  /** How many orders have come: whoever is about to kill looks whether his is the last. */
  orders(): number
  tell(report: Report): void
}

/** The orders come from the process that has started this one. */
export function createFate(): Fate {
  let order: Order | null = null
  let met = 0
  let delayMs = 0
  let orders = 0
  process.on('message', (message) => {
    // Whoever started this process sends nothing else.
    order = message as Order
    met = 0
    orders += 1
  })
  return {
    meets(point) {
      if (order?.point !== point) return false
      met += 1
      if (met < order.nth) return false
      delayMs = order.delayMs
      order = null
      return true
    },
    die() {
      process.kill(process.pid, 'SIGKILL')
      for (;;);
    },
    delayMs: () => delayMs,
    orders: () => orders,
    tell: (report) => void process.send?.(report),
  }
}
