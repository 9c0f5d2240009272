import type { After } from '../wire/after.ts'

/** Who waits for work, in this process. */
export interface WorkFeed {
  /** Remembers that there was a word of work for the environment from now on, until it is ended. */
  listen(environmentId: string): WorkListener
}

export interface WorkListener {
  /** Resolves once there was a word that it has not told of yet, after `ms` milliseconds, or at its end. */
  heard(ms: number): Promise<void>
  end(): void
}

interface WorkFeedPorts {
  /** Calls back with the id of each environment for which an item was queued, in whichever process. */
  readonly subscribe: (handler: (environmentId: string) => void) => Promise<unknown>
  readonly after: After
}

/** One subscription for the whole process. A word wakes all who wait: who is first is decided by the queue. */
export async function openWorkFeed({ subscribe, after }: WorkFeedPorts): Promise<WorkFeed> {
  const listeners = new Map<string, Set<() => void>>()
  await subscribe((environmentId) => listeners.get(environmentId)?.forEach((tell) => tell()))
  return {
    listen(environmentId) {
      const beside = listeners.get(environmentId) ?? new Set()
      listeners.set(environmentId, beside.add(tell))
      let isTold = false
      let wake = (): void => undefined
      function tell(): void {
        isTold = true
        wake()
      }
      return {
        heard: (ms) =>
          new Promise((resolve) => {
            const cancel = after(ms, wakeUp)
            function wakeUp(): void {
              cancel()
              wake = () => undefined
              isTold = false
              resolve()
            }
            wake = wakeUp
            if (isTold) wakeUp()
          }),
        end() {
          beside.delete(tell)
          if (beside.size === 0 && listeners.get(environmentId) === beside) listeners.delete(environmentId)
          tell()
        },
      }
    },
  }
}
