import { setTimeout as sleep } from 'node:timers/promises'
import type { SandboxBindings } from './bindings.ts'
import type { Collect, OutputPlace } from './collector.ts'
import type { Hands } from './hands.ts'
import { MAIN } from './recipe.ts'
import type { SandboxProvider } from './sandbox.ts'

export interface OutputWatchOptions {
  readonly collect: Collect
  readonly bindings: Pick<SandboxBindings, 'current'>
  readonly provider: Pick<SandboxProvider, 'cargo'>
  readonly log: { warn(details: object, message: string): void }
  /** Rejects when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>
}

/** Whoever looks after all sandboxes finds outputs too; this one finds them soon. */
export interface OutputWatch {
  /** A call has ended: looks soon, and again as long as something moves. */
  begin(place: OutputPlace): void
  /** Resolves when no look is under way any more. */
  stop(): Promise<void>
}

/** Hands whose every call, however it ends, may have left an output, unless it belongs to another host. */
export function watchCalls(hands: Hands, watch: Pick<OutputWatch, 'begin'>): Hands {
  return {
    async execute(name, input, context) {
      const place = { sessionId: context.sessionId, hand: context.hand ?? MAIN }
      try {
        const outcome = await hands.execute(name, input, context)
        if (outcome.elsewhere === undefined) watch.begin(place)
        return outcome
      } catch (error) {
        watch.begin(place)
        throw error
      }
    },
  }
}

const FIRST_LOOK_MS = 500
const NEXT_LOOK_MS = 1_100
/** A sandbox whose calls come one after the other is looked at no oftener. */
const REST_MS = 3_000
const LOOKS = 30

export function createOutputWatch(options: OutputWatchOptions): OutputWatch {
  const { collect, bindings, provider, log } = options
  const { wait = (ms, signal) => sleep(ms, undefined, { signal, ref: false }) } = options
  /** Places that are looked at, and whether a call has ended there since the look began. */
  const watched = new Map<string, { again: boolean }>()
  const running = new Set<Promise<void>>()
  const stopping = new AbortController()

  async function attend({ sessionId, hand }: OutputPlace, state: { again: boolean }): Promise<void> {
    await wait(FIRST_LOOK_MS, stopping.signal)
    for (let looks = 0; looks < LOOKS; looks++) {
      state.again = false
      const row = await bindings.current(sessionId, hand)
      const cargo = row && (await provider.cargo(row))
      const isDone = !row || !cargo || (await collect(row, cargo))
      await wait(isDone ? REST_MS : NEXT_LOOK_MS, stopping.signal)
      if (isDone && !state.again) return
    }
  }

  return {
    begin(place) {
      const name = `${place.sessionId} ${place.hand}`
      const present = watched.get(name)
      if (present) present.again = true
      if (present || stopping.signal.aborted) return
      const state = { again: false }
      watched.set(name, state)
      const attending = attend(place, state)
        .catch((err: unknown) => {
          // What is missed is found by the next look at all sandboxes.
          if (!stopping.signal.aborted) log.warn({ err, ...place }, 'outputs were not collected')
        })
        .finally(() => {
          watched.delete(name)
          running.delete(attending)
        })
      running.add(attending)
    },

    async stop() {
      stopping.abort()
      await Promise.all(running)
    },
  }
}
