import { accumulateManagedAgentsEvent } from '@anthropic-ai/sdk/lib/sessions/accumulate'
import type { AccumulatedEvent } from '@anthropic-ai/sdk/lib/sessions/accumulate'
import type { SessionEvent, StreamEvent } from '../../src/wire/types.ts'

/** What one connection showed of one previewed event. */
export interface Shown {
  readonly id: string
  readonly of: string
  /** Fragments put together, by block. */
  readonly texts: readonly string[]
}

export function isPreview(event: StreamEvent): event is Extract<StreamEvent, { type: 'event_start' | 'event_delta' }> {
  return event.type === 'event_start' || event.type === 'event_delta'
}

/** A connection's events of the log, without the previews between them. */
export function logOf(events: readonly StreamEvent[]): readonly SessionEvent[] {
  return events.filter((event): event is SessionEvent => !isPreview(event))
}

/**
 * The previews of one connection, in the order in which they began. Folds everything with the SDK's own fold, and
 * throws where a rule that clients count on is broken: one start for each id, before its fragments; fragments that are
 * a prefix of the final text; nothing of an id behind its final event; what follows another preview is over.
 */
export function foldPreviews(events: readonly StreamEvent[]): readonly Shown[] {
  const shown = new Map<string, { id: string; of: string; texts: string[] }>()
  const final = new Set<string>()
  let folded: AccumulatedEvent | undefined
  let current = ''
  for (const event of events) {
    folded = accumulateManagedAgentsEvent(folded, event)
    if (event.type === 'event_start') {
      const { id, type: of } = event.event
      if (shown.has(id) || final.has(id)) throw new Error(`${id} starts twice, or after its end`)
      shown.set(id, { id, of, texts: [] })
      current = id
    } else if (event.type === 'event_delta') {
      const preview = shown.get(event.event_id)
      const { index = 0, content } = event.delta
      if (!preview || preview.of !== 'agent.message') throw new Error(`${event.event_id} was not begun as a message`)
      if (final.has(preview.id) || current !== preview.id) throw new Error(`${preview.id} goes on after its end`)
      if (index !== preview.texts.length && index !== preview.texts.length - 1) throw new Error(`gap at block ${index}`)
      preview.texts[index] = (preview.texts[index] ?? '') + (content.type === 'text' ? content.text : '')
    } else {
      final.add(event.id)
      demandPrefix(shown.get(event.id), event)
    }
  }
  return [...shown.values()]
}

/** How many previews a client was shown, and how many of them no event ever followed. */
export interface Folded {
  readonly previews: number
  readonly orphans: number
}

/**
 * Folds all that a client's streams brought, one after the other, with the SDK's own fold and one snapshot over all of
 * them, as a client keeps it that knows nothing of what happens behind its streams. Throws where the fold does, where a
 * stream breaks a rule of previews, and where a snapshot is another message than the log's.
 */
export function foldStreams(streams: readonly (readonly StreamEvent[])[], events: readonly SessionEvent[]): Folded {
  const log = new Map(events.map((event) => [event.id, event]))
  let snapshot: AccumulatedEvent | undefined
  for (const event of streams.flat()) {
    snapshot = accumulateManagedAgentsEvent(snapshot, event)
    if (event.type !== 'agent.message') continue
    const [folded, listed] = [snapshot, log.get(event.id)].map((one) => JSON.stringify(one))
    if (folded !== listed) throw new Error(`${event.id} was folded to ${folded} and is ${listed}`)
  }
  const shown = streams.flatMap((stream) => foldPreviews(stream))
  return { previews: shown.length, orphans: shown.filter(({ id }) => !log.has(id)).length }
}

function demandPrefix(preview: Shown | undefined, event: SessionEvent): void {
  if (!preview) return
  if (event.type !== preview.of) throw new Error(`${event.id} was begun as ${preview.of} and is ${event.type}`)
  if (event.type !== 'agent.message') return
  const whole = event.content.map((block) => (block.type === 'text' ? block.text : ''))
  const isPrefix = preview.texts.every((text, index) =>
    index < preview.texts.length - 1 ? text === whole[index] : whole[index]?.startsWith(text),
  )
  if (!isPrefix) throw new Error(`${JSON.stringify(preview.texts)} is no prefix of ${JSON.stringify(whole)}`)
}
