import type { Model, ModelProgress } from '../../src/model/model.ts'

/** Stops answers where a test wants them to stop. */
export interface PacedModel {
  /** Goes between the activities and the model. */
  readonly between: (model: Model) => Model
  /**
   * The next answer to a conversation that contains `marker` reports `pieces` pieces of its progress and then waits
   * until it is released or given up; answers after that one are not held.
   */
  hold(marker: string, pieces: number): Hold
}

export interface Hold {
  /** Resolves when the answer waits. */
  readonly held: Promise<void>
  release(): void
}

interface Plan extends Hold {
  readonly marker: string
  readonly pieces: number
  readonly released: Promise<void>
  reach(): void
}

export function createPacedModel(): PacedModel {
  const plans: Plan[] = []

  async function request(model: Model, ...[asked, options]: Parameters<Model['request']>) {
    const text = JSON.stringify(asked.messages)
    const at = plans.findIndex(({ marker }) => text.includes(marker))
    const [plan] = at === -1 ? [] : plans.splice(at, 1)
    if (!plan) return model.request(asked, options)
    const progress: ModelProgress[] = []
    const answer = await model.request(asked, { ...options, onProgress: (one) => progress.push(one) }).then(
      (response) => () => response,
      (error: unknown) => () => {
        throw error
      },
    )
    for (const one of progress.slice(0, plan.pieces)) options.onProgress?.(one)
    plan.reach()
    await Promise.race([plan.released, givenUp(options.signal)])
    for (const one of progress.slice(plan.pieces)) options.onProgress?.(one)
    return answer()
  }

  return {
    between: (model) => ({ request: (...asked) => request(model, ...asked) }),
    hold(marker, pieces) {
      const held = latch()
      const released = latch()
      plans.push({
        marker,
        pieces,
        held: held.opened,
        reach: held.open,
        released: released.opened,
        release: released.open,
      })
      return { held: held.opened, release: released.open }
    },
  }
}

function givenUp(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(signal.reason as Error)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

function latch(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}
