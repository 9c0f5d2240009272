import { setTimeout as sleep } from 'node:timers/promises'
import type Anthropic from '@anthropic-ai/sdk'
import { APIConnectionError, APIError } from '@anthropic-ai/sdk'

export type StreamedEvent = Anthropic.Beta.Sessions.BetaManagedAgentsStreamSessionEvents

export interface FollowOptions {
  readonly client: Anthropic
  readonly session: string
  /** A stream that is open already, so that nothing which is sent afterwards is missed. */
  readonly stream: AsyncIterable<StreamedEvent>
  /** Asks for previews of the agent's words on streams that are opened again, too. */
  readonly previews?: boolean
  /** Aborting it ends the iteration with an error. */
  readonly signal: AbortSignal
  /** Called when the stream ended before the session did, before a new one is opened. */
  readonly onCut: () => void
}

/** For how long a server that went away may stay away: a restart takes seconds. */
const PATIENCE_MS = 60_000
const PAUSE_MS = 500

/**
 * The events of a session as they come, each once, however often the stream is cut: a new stream is opened, then the list
 * tells what happened meanwhile. Never ends by itself: leave it at the event that ends the task.
 */
export async function* followSession(options: FollowOptions): AsyncGenerator<StreamedEvent, never> {
  const known = new Set<string>()
  let { stream } = options
  for (;;) {
    yield* onlyNew(untilCut(stream, options.signal), known)
    options.signal.throwIfAborted()
    options.onCut()
    const reopened = await reopen(options)
    yield* onlyNew(reopened.missed, known)
    stream = reopened.stream
  }
}

/** A queued input is told twice on purpose, waiting and taken up; a preview has no id and is told whenever it comes. */
async function* onlyNew(
  events: AsyncIterable<StreamedEvent> | Iterable<StreamedEvent>,
  known: Set<string>,
): AsyncGenerator<StreamedEvent> {
  for await (const event of events) {
    if ('id' in event) {
      const key = `${event.id} ${event.processed_at === null}`
      if (known.has(key)) continue
      known.add(key)
    }
    yield event
  }
}

/** A stream whose connection breaks ends in an error of the network; for the reader it has just ended. */
async function* untilCut(stream: AsyncIterable<StreamedEvent>, signal: AbortSignal): AsyncGenerator<StreamedEvent> {
  const events = stream[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await events.next().catch((error: unknown) => {
        if (signal.aborted || error instanceof APIError) throw error
        return { done: true, value: undefined } as const
      })
      if (next.done) return
      yield next.value
    }
  } finally {
    await events.return?.()
  }
}

interface Reopened {
  readonly stream: AsyncIterable<StreamedEvent>
  readonly missed: readonly StreamedEvent[]
}

async function reopen(options: FollowOptions): Promise<Reopened> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    await sleep(PAUSE_MS, undefined, { signal: options.signal })
    try {
      return await openAgain(options)
    } catch (error) {
      if (!isPassing(error) || performance.now() > deadline) throw error
    }
  }
}

async function openAgain({ client, session, previews = false, signal }: FollowOptions): Promise<Reopened> {
  const { events } = client.beta.sessions
  const stream = await events.stream(session, previewsIf(previews), { signal })
  try {
    const missed: StreamedEvent[] = []
    for await (const event of events.list(session, { limit: 1000 }, { signal })) missed.push(event)
    return { stream, missed }
  } catch (error) {
    stream.controller.abort()
    throw error
  }
}

/** The parameters of a stream with or without previews of the agent's words. */
export function previewsIf(wanted: boolean): { event_deltas?: 'agent.message'[] } {
  return wanted ? { event_deltas: ['agent.message'] } : {}
}

function isPassing(error: unknown): boolean {
  if (error instanceof APIConnectionError) return true
  return error instanceof APIError && typeof error.status === 'number' && (error.status >= 500 || error.status === 429)
}
