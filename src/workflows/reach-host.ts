import { ActivityFailure, TimeoutFailure } from '@temporalio/workflow'

/** Activities that one command may take: with a host that beats and takes no calls they are minutes. */
const ROUNDS = 40

/**
 * Has the hands asked until the host that has the sandbox answers: where nobody hears a host's queue, any host says
 * whether that one is lost or where to go instead. Without a host it is one activity on the shared queue, unless that
 * sends it on.
 * @param ask schedules the activity, on the queue of the host if one is given.
 */
export async function reachHost<T extends { readonly elsewhere?: string }>(
  host: string | undefined,
  ask: (host?: string) => Promise<T>,
): Promise<T> {
  let [at, last] = [host, host]
  for (let round = 0; round < ROUNDS; round++) {
    try {
      const result = await ask(at)
      if (result.elsewhere === undefined) return result
      at = last = result.elsewhere
    } catch (error) {
      if (at === undefined || !isUnheard(error)) throw error
      at = undefined
    }
  }
  throw new Error('nobody took it', { cause: new Error(`hands: the host ${last} of this sandbox takes no calls`) })
}

function isUnheard(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : undefined
  return cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START'
}
