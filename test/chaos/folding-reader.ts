import { setTimeout as delay } from 'node:timers/promises'
import type Anthropic from '@anthropic-ai/sdk'
import type { SessionEvent, StreamEvent } from '../../src/wire/types.ts'
import { listAll } from '../sdk/drive.ts'
import { isPreview } from '../sdk/previews.ts'

/**
 * A client made of the SDK's own parts: it opens a stream with previews, lists what there is, and goes on with the
 * stream, leaving out what it has seen; whenever the stream breaks or ends it begins again.
 */
export interface FoldingReader {
  /** Finished events, in the order in which this client came to know them. */
  readonly events: readonly SessionEvent[]
  /** What each stream brought, previews among it, oldest first; the last one is being read. */
  readonly streams: readonly (readonly StreamEvent[])[]
  close(): void
}

const AGAIN_MS = 50

/** Begins to read; the client repeats what fails until there is a server again. */
export function readFolding(client: Anthropic, session: string): FoldingReader {
  const events: SessionEvent[] = []
  const seen = new Set<string>()
  const streams: StreamEvent[][] = []
  const closed = new AbortController()

  function take(event: SessionEvent): void {
    if (event.processed_at === null || seen.has(event.id)) return
    seen.add(event.id)
    events.push(event)
  }

  async function readOne(): Promise<void> {
    const asked = { event_deltas: ['agent.message' as const, 'agent.thinking' as const] }
    const stream = await client.beta.sessions.events.stream(session, asked, { signal: closed.signal })
    const brought: StreamEvent[] = []
    streams.push(brought)
    for (const event of await listAll(client, session)) take(event)
    for await (const event of stream) {
      brought.push(event)
      if (!isPreview(event)) take(event)
    }
  }

  void (async () => {
    while (!closed.signal.aborted) {
      await readOne().catch(() => undefined)
      await delay(AGAIN_MS)
    }
  })()
  return { events, streams, close: () => closed.abort() }
}
