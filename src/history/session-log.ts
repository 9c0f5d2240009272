import { setTimeout as sleep } from 'node:timers/promises'
import type { LogArchive } from './archive.ts'
import type { Subscriber } from './followed.ts'
import { FollowedLog } from './followed.ts'
import { noArchive } from './no-archive.ts'
import type { OutageLog } from './outages.ts'
import { createOutages } from './outages.ts'
import { mayBeShown, wasGivenUp } from './place.ts'
import type { Position } from './position.ts'
import type { LogItem } from './project.ts'
import type { Slice } from './slice.ts'
import { findEvent, findPlace, readBehind, readSlice } from './slice.ts'
import type { HistorySource } from './source.ts'
import type { LogView } from './tracked.ts'
import type { WatcherPorts } from './watcher.ts'

export type { Subscriber } from './followed.ts'
export { LogIncomplete, LogNotFound } from './followed.ts'

/** The one reader of sessions' logs: for the API, for model calls, for whoever holds a Temporal connection. */
export interface SessionLog {
  /** The log as it stands now: catches up with history first. Rejects with {@link LogNotFound}. */
  read(session: string): Promise<LogView>
  /** The log as it was known when last read, or null; costs nothing and may be old. */
  known(session: string): LogView | null
  /** Finished items of a view, in pages whose cost does not depend on how deep in the log they lie. */
  slice(view: LogView, slice: Slice): Promise<readonly LogItem[]>
  /** What stands behind a place, as a stream shows it. */
  behind(view: LogView, place: Position): AsyncIterable<readonly LogItem[]>
  /** Whether a stream may have shown something at this place. */
  mayBeShown(view: LogView, place: Position): Promise<boolean>
  /** Whether something may have stood at this place that a reset gave up. */
  wasGivenUp(view: LogView, place: Position): Promise<boolean>
  /** The finished public event of this id, or at this place; null when the log has none. */
  find(view: LogView, event: string | Position): Promise<LogItem | null>
  /**
   * Catches up and then tells the subscriber of everything that is added. Sessions share one watcher however many
   * subscribers they have; it stops with the last of them. Answers the view that the subscription begins after. When
   * the server has the session no more, the subscription ends.
   */
  subscribe(session: string, subscriber: Subscriber): Promise<{ readonly view: LogView; readonly cancel: () => void }>
  /** Ends every subscription of a session, because it was deleted, and forgets its log. */
  forget(session: string): void
  close(): void
}

export interface SessionLogOptions {
  readonly source: HistorySource
  /** Without one, what is in the archive alone cannot be read: it rejects with {@link LogNotFound}. */
  readonly archive?: LogArchive
  readonly log: OutageLog
  /** Logs kept in memory while nobody listens to them. */
  readonly keep?: number
  readonly pause?: WatcherPorts['pause']
}

export function createSessionLog({
  source,
  archive = noArchive,
  log,
  keep = 200,
  pause = rest,
}: SessionLogOptions): SessionLog {
  const outages = createOutages(log)
  const followed = new Map<string, FollowedLog>()

  function find(session: string): FollowedLog {
    const gone = (): void => forget(session)
    const found = followed.get(session) ?? new FollowedLog(session, { source, archive, outages, pause, gone })
    // Moves it to the end: the map is in the order of last use.
    followed.delete(session)
    followed.set(session, found)
    for (const [id, other] of followed) {
      if (followed.size <= keep) break
      if (!other.isListenedTo && other !== found) followed.delete(id)
    }
    return found
  }

  function forget(session: string): void {
    const found = followed.get(session)
    followed.delete(session)
    found?.end()
  }

  return {
    read: (session) => find(session).read(),
    known: (session) => followed.get(session)?.known() ?? null,
    slice: (view, slice) => readSlice(archive, view, slice),
    behind: (view, place) => readBehind(archive, view, place),
    mayBeShown: (view, place) => mayBeShown(archive, view, place),
    wasGivenUp: (view, place) => wasGivenUp(archive, view, place),
    find: (view, event) =>
      typeof event === 'string' ? findEvent(archive, view, event) : findPlace(archive, view, event),
    subscribe: (session, subscriber) => find(session).subscribe(subscriber),
    forget,
    close() {
      for (const found of followed.values()) found.stop()
      followed.clear()
    },
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
