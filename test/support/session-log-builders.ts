import { onTestFinished } from 'vitest'
import type { LogItem } from '../../src/history/project.ts'
import type { SessionLogOptions, Subscriber } from '../../src/history/session-log.ts'
import type { ActivityMark } from '../../src/history/run-log.ts'
import type { LogView } from '../../src/history/tracked.ts'
import { createSessionLog } from '../../src/history/session-log.ts'
import { createFakeSource, decided, ended, history, signaled, started } from './history-builders.ts'
import { createMemoryArchive } from './memory-archive.ts'
import { confirm } from './session-builders.ts'

/** A session's whole history. */
export const ITEMS = history(
  started(),
  ...Array.from({ length: 6 }, (_, index) => signaled(confirm(`y${index}`, 'a'))),
  decided({ type: 'session.status_terminated', id: 'e1' }),
  ended('completed'),
)
/** The start adds nothing to the log, each signal one entry, the decision one, the end none. */
export const OPEN = ITEMS.slice(0, 4)

/** A session log over a history in memory; closed with the test. */
export function openLog(options: Partial<SessionLogOptions> = {}) {
  const source = createFakeSource()
  const said: string[] = []
  const tell = (_: object, text: string): void => void said.push(text)
  const pauses: number[] = []
  const log = createSessionLog({
    source,
    archive: createMemoryArchive(),
    log: { warn: tell, info: tell },
    pause: async (ms) => void pauses.push(ms),
    ...options,
  })
  onTestFinished(() => log.close())
  return { source, log, said, pauses }
}

export interface Recording extends Subscriber {
  readonly ids: readonly string[]
  readonly marks: readonly ActivityMark[]
  readonly ends: number
  /** Resolves once that many entries, or ends, have come. */
  until(what: { ids?: number; ends?: number }): Promise<void>
}

export function record(): Recording {
  const ids: string[] = []
  const marks: ActivityMark[] = []
  const waiting: { ids: number; ends: number; resolve: () => void }[] = []
  let ends = 0
  const tell = (): void => {
    for (const one of waiting) if (ids.length >= one.ids && ends >= one.ends) one.resolve()
  }
  return {
    ids,
    marks,
    get ends() {
      return ends
    },
    added(items: readonly LogItem[], more: readonly ActivityMark[]) {
      marks.push(...more)
      ids.push(...items.flatMap((item) => (item.shown ? [item.shown.id] : [])))
      tell()
    },
    ended() {
      ends += 1
      tell()
    },
    until: (what) =>
      new Promise((resolve) => {
        waiting.push({ ids: 0, ends: 0, ...what, resolve })
        tell()
      }),
  }
}

/** All of a view that is in memory. */
export function itemsOf({ runs }: LogView): readonly LogItem[] {
  return runs.flatMap(({ items }) => items)
}

export function idsOf(items: readonly LogItem[]): readonly string[] {
  return items.flatMap((item) => (item.shown ? [item.shown.id] : []))
}

/** Lets everything go on that waits for nothing outside. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
