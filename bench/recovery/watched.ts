import type Anthropic from '@anthropic-ai/sdk'
import { now } from '../support/clock.ts'

/** An event or delta as a client got it. */
export interface Seen {
  readonly type: string
  /** By the clock of `now`. */
  readonly at: number
}

/** A session with a client on its stream. Disposal ends the stream. */
export interface Watched extends AsyncDisposable {
  readonly id: string
  /** The first that was seen after `after` and is of the wanted kind; waits for it. Rejects when the stream ends. */
  first(after: number, isWanted: (seen: Seen) => boolean): Promise<Seen>
}

/** Opens a stream with previews and keeps what comes. Resolves when it is open: nothing later is missed. */
export async function watchSession(sdk: Anthropic, id: string): Promise<Watched> {
  const seen: Seen[] = []
  const waiting = new Set<() => void>()
  const stream = await sdk.beta.sessions.events.stream(id, { event_deltas: ['agent.message'] })
  let isOver = false
  const tell = (): void => {
    for (const look of waiting) look()
  }
  const reading = (async () => {
    for await (const { type } of stream) {
      seen.push({ type, at: now() })
      tell()
    }
  })().finally(() => {
    isOver = true
    tell()
  })
  // Whoever waits is told; an end that nobody waits for is none of anybody's business.
  reading.catch(() => undefined)

  return {
    id,
    first: (after, isWanted) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = seen.find((each) => each.at > after && isWanted(each))
          if (!found && !isOver) return
          waiting.delete(look)
          if (found) resolve(found)
          else reject(new Error(`the stream of ${id} ended; the last it brought: ${seen.at(-1)?.type ?? 'nothing'}`))
        }
        waiting.add(look)
        look()
      }),
    async [Symbol.asyncDispose]() {
      stream.controller.abort()
      await reading.catch(() => undefined)
    },
  }
}
