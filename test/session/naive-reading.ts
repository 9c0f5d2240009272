import type { HistoryItem } from '../../src/history/item.ts'
import { carriedBy } from '../../src/history/project.ts'
import type { Incoming } from '../../src/session/arrival.ts'
import { parseArrivals } from '../../src/session/arrival.ts'
import type { Entry } from '../../src/session/entry.ts'
import { startingState, takesResults } from '../../src/session/start.ts'

/** What raw history says without a projector: the most plodding reading there is, to compare cleverer ones with. */
export interface NaiveReading {
  /** Every event that came, by its id, the first of each; minted ids included. */
  readonly arrivals: ReadonlyMap<string, Incoming>
  /** Events that came without an id and have none yet. */
  readonly unnamed: number
  /** Ids of what the session itself says in a client's stead. */
  readonly said: ReadonlySet<string>
  /** Ids in the order in which inputs took effect, and those that were dropped. */
  readonly effective: readonly string[]
  readonly dropped: readonly string[]
  /** Input tokens of all requests whose results count. */
  readonly inputTokens: number
}

export function readNaively(items: readonly HistoryItem[]): NaiveReading {
  let batches: (readonly Incoming[])[] = []
  let unnamed = 0
  let begin = 0
  let hasWorkers = false
  const arrivals = new Map<string, Incoming>()
  const effective: string[] = []
  const dropped: string[] = []
  const said = new Set<string>()
  let minted = 0
  let inputTokens = 0
  const arrive = (id: string, event: Incoming | undefined): void => {
    if (event && !arrivals.has(id)) arrivals.set(id, event)
  }
  for (const [index, item] of items.entries()) {
    if (item.type === 'started') {
      batches = []
      begin = index
      hasWorkers = takesResults(carriedBy(item)?.state ?? startingState(item.input), item.input)
    }
    if (item.type === 'started' || item.type === 'signaled') {
      const parsed = parseArrivals(item.type === 'started' ? item.input : item.payload, hasWorkers)
      batches.push(parsed.ok ? parsed.events : [])
      if (parsed.ok) for (const event of parsed.events) if (event.id !== undefined) arrive(event.id, event)
      unnamed += batches.at(-1)?.filter((event) => event.id === undefined).length ?? 0
    }
    const entries = recordedIn(item, items.slice(begin, index))
    for (const entry of entries) {
      if (entry.type === 'log.minted') {
        minted += 1
        arrive(entry.id, batches[entry.signal]?.[entry.index])
      }
      if (entry.type === 'log.mark') (entry.dropped ? dropped : effective).push(entry.id)
      if (entry.type.startsWith('user.') && 'id' in entry) said.add(entry.id)
      if (entry.type === 'span.model_request_end') inputTokens += entry.model_usage.input_tokens
    }
  }
  return { arrivals, said, unnamed: unnamed - minted, effective, dropped, inputTokens }
}

function recordedIn(item: HistoryItem, before: readonly HistoryItem[]): readonly Entry[] {
  // Written by the loop under test, from entries.
  if (item.type === 'decided') return item.entries as Entry[]
  if (item.type !== 'completed') return []
  const isCancelled = before.some((other) => other.type === 'cancel_requested' && other.scheduled === item.scheduled)
  return isCancelled ? [] : (item.result as { entries: Entry[] }).entries
}
