import type { After } from '../wire/after.ts'

/** How long a request waits for room before it is refused. */
const PATIENCE_MS = 20_000
/** More do not wait. */
const MOST_WAITING = 1_000

/** Bytes of memory that many requests share. */
export interface Room {
  /** Asks for so many; whoever asked first gets them first. More than there are in all are never to be had. */
  enter(bytes: number): Entry
  /** Whether somebody waits. */
  readonly isWanted: boolean
}

export interface Entry {
  /** True once they are there, false when they were not in time or nobody waits for them any more. */
  readonly entered: Promise<boolean>
  /** Gives them back, or stops waiting; the second time nothing. */
  readonly leave: () => void
}

interface Waiting {
  readonly bytes: number
  readonly settle: (isIn: boolean) => void
}

export function createRoom(size: number, after: After): Room {
  let free = size
  const waiting = new Set<Waiting>()

  function letIn(): void {
    for (const next of waiting) {
      if (next.bytes > free) return
      free -= next.bytes
      next.settle(true)
    }
  }

  return {
    get isWanted() {
      return waiting.size > 0
    },
    enter(bytes) {
      let isIn = false
      let end = (_: boolean): void => undefined
      const entered = new Promise<boolean>((resolve) => {
        const one: Waiting = {
          bytes,
          settle(got) {
            waiting.delete(one)
            stop()
            isIn = got
            resolve(got)
          },
        }
        const stop = after(PATIENCE_MS, () => one.settle(false))
        end = one.settle
        waiting.add(one)
        if (waiting.size > MOST_WAITING) one.settle(false)
      })
      letIn()
      return {
        entered,
        leave() {
          if (isIn) free += bytes
          end(false)
          letIn()
        },
      }
    },
  }
}
