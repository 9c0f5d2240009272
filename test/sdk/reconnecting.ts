import Anthropic from '@anthropic-ai/sdk'
import type { EventStreamParams } from '@anthropic-ai/sdk/resources/beta/sessions/events'
import type { SessionEvent, StreamEvent } from '../../src/wire/types.ts'
import type { CuttingProxy } from '../support/cutting-proxy.ts'
import { openCuttingProxy } from '../support/cutting-proxy.ts'
import type { Random } from '../support/fuzz-random.ts'
import type { Stack } from '../support/stack.ts'
import { isPreview } from './previews.ts'

/** A client that opens a session's stream, lists what there is and goes on with the stream, again whenever that breaks. */
export interface Reconnecting extends AsyncDisposable {
  /** Every event once, queued and finished ones apart, in the order in which this client learned of them. */
  readonly known: readonly SessionEvent[]
  /** What each connection of the stream has brought. */
  readonly connections: readonly (readonly StreamEvent[])[]
  /** Connections that were cut, and how many of them while the list was being read. */
  readonly cuts: { readonly all: number; readonly listing: number }
}

/** A cut comes before so many bytes of a stream, or of a list, have passed. */
const STREAM_BYTES = 4_000
const LIST_BYTES = 2_500
/** How often a connection is cut while it lists. */
const LISTING_SHARE = 0.25

/** @param random says where the connections are cut. */
export async function followCutting({ urls, apiKey }: Stack, session: string, random: Random): Promise<Reconnecting> {
  const proxy = await openCuttingProxy(urls[0] ?? '')
  const { events } = new Anthropic({ baseURL: proxy.url, apiKey, maxRetries: 0 }).beta.sessions
  const left = new AbortController()
  const [known, seen] = [[] as SessionEvent[], new Set<string>()]
  const connections: StreamEvent[][] = []
  const cuts = { all: 0, listing: 0 }

  function learn(event: SessionEvent): void {
    const key = `${event.id} ${event.processed_at === null}`
    if (!seen.has(key)) known.push(event)
    seen.add(key)
  }

  async function connect(): Promise<void> {
    const asked: EventStreamParams = { event_deltas: ['agent.message', 'agent.thinking'] }
    const stream = await events.stream(session, asked, { signal: left.signal })
    const brought: StreamEvent[] = []
    connections.push(brought)
    try {
      await listAndTail(stream, brought)
    } finally {
      stream.controller.abort()
    }
  }

  async function listAndTail(stream: AsyncIterable<StreamEvent>, brought: StreamEvent[]): Promise<void> {
    const isListing = random.chance(LISTING_SHARE)
    if (isListing) cutSoon(proxy, random, LIST_BYTES)
    try {
      for await (const event of events.list(session, { limit: 1000 })) learn(event)
    } finally {
      if (isListing && proxy.hasCut) cuts.listing += 1
    }
    if (!isListing) cutSoon(proxy, random, STREAM_BYTES)
    for await (const event of stream) {
      brought.push(event)
      if (!isPreview(event)) learn(event)
    }
  }

  async function read(): Promise<void> {
    while (!left.signal.aborted) {
      // However a connection ends, the client comes back.
      await connect().catch(() => undefined)
      if (proxy.hasCut) cuts.all += 1
    }
  }
  const reading = read()
  return {
    known,
    connections,
    cuts,
    async [Symbol.asyncDispose]() {
      left.abort()
      await proxy[Symbol.asyncDispose]()
      await reading
    },
  }
}

function cutSoon(proxy: CuttingProxy, random: Random, bytes: number): void {
  proxy.cutNext(1 + random.below(bytes))
}
