import type { Worker } from '@temporalio/worker'

/** Workers of Temporal that run together. */
export interface WorkerGroup {
  /** Resolves when all of them have ended in good order; rejects when one breaks. */
  readonly ended: Promise<unknown>
  /** They finish what they do, hand over the rest and end. */
  stop(): Promise<void>
}

export function runWorkers(workers: readonly Worker[]): WorkerGroup {
  const ended = Promise.all(workers.map((worker) => worker.run()))
  // Whoever waits for it is told; until somebody does, it must not end the process.
  ended.catch(() => undefined)
  return {
    ended,
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown()
      await ended
    },
  }
}
