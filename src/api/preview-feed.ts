import type { DeltaBatch, DeltaChannel, DeltaPart, PreviewedType } from '../store/deltas.ts'
import { formatEvent } from '../wire/sse.ts'

/** A batch with its parts as they stand on a stream, made once for all streams of the session. */
export interface FramedBatch extends Omit<DeltaBatch, 'parts'> {
  /** Each with the type of the event that it previews. */
  readonly frames: readonly { readonly of: PreviewedType; readonly frame: string }[]
}

/** Previews of this process's streams. */
export interface PreviewFeed {
  /** Calls back with every batch of the session that comes from now on, until the returned function is called. */
  listen(session: string, listener: (batch: FramedBatch) => void): () => void
}

/** One subscription for the whole process; batches of sessions that nobody listens to are not even decoded. */
export async function openPreviewFeed(channel: DeltaChannel): Promise<PreviewFeed> {
  const sessions = new Map<string, Set<(batch: FramedBatch) => void>>()
  await channel.subscribe((session, read) => {
    const listeners = sessions.get(session)
    const batch = listeners && read()
    if (!batch) return
    const { parts, ...place } = batch
    const framed = { ...place, frames: parts.map(toFrame) }
    for (const listener of listeners) listener(framed)
  })
  return {
    listen(session, listener) {
      const listeners = sessions.get(session) ?? new Set()
      sessions.set(session, listeners.add(listener))
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0 && sessions.get(session) === listeners) sessions.delete(session)
      }
    },
  }
}

function toFrame(part: DeltaPart): FramedBatch['frames'][number] {
  if (part.type === 'start') {
    const { of, id } = part
    return { of, frame: formatEvent({ type: 'event_start', event: { type: of, id } }) }
  }
  const { id, index, text } = part
  const delta = { type: 'content_delta', index, content: { type: 'text', text } } as const
  return { of: 'agent.message', frame: formatEvent({ type: 'event_delta', event_id: id, delta }) }
}
