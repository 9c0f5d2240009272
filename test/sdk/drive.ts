import type Anthropic from '@anthropic-ai/sdk'
import type { Stream } from '@anthropic-ai/sdk/core/streaming'
import type { EventStreamParams } from '@anthropic-ai/sdk/resources/beta/sessions/events'
import { onTestFinished } from 'vitest'
import type { EventsSend, SessionEvent, StreamEvent } from '../../src/wire/types.ts'
import { primaryThread } from '../../src/workflows/messages.ts'
import type { Prepared } from './use-stack.ts'

type Sent = EventsSend['events'][number]

export function message(text: string): Sent {
  return { type: 'user.message', content: [{ type: 'text', text }] }
}

/** A message that tells the demo model what to answer. */
export function program(...lines: string[]): Sent {
  return message(['#program', ...lines].join('\n'))
}

export function bash(command: string): string {
  return `TOOL bash ${JSON.stringify({ command })}`
}

export async function createSession(
  { stack, agent, environment }: Pick<Prepared, 'stack' | 'agent' | 'environment'>,
  initial: Anthropic.Beta.SessionCreateParams['initial_events'] = [],
): Promise<string> {
  const { id } = await stack.sdk.beta.sessions.create({ agent, environment_id: environment, initial_events: initial })
  return id
}

export async function listAll(sdk: Anthropic, session: string): Promise<SessionEvent[]> {
  const events: SessionEvent[] = []
  for await (const event of sdk.beta.sessions.events.list(session)) events.push(event)
  return events
}

export interface Recording<Event extends StreamEvent = SessionEvent> {
  /** What the stream has brought so far. */
  readonly events: readonly Event[]
  /** Resolves at the `count`-th event of this type that the stream brings, counted from its opening. */
  until(type: Event['type'], count?: number): Promise<void>
  /** Resolves when the stream has brought what is looked for. */
  untilSo(isSo: (events: readonly Event[]) => boolean): Promise<void>
  /** Resolves when the server has ended the stream; rejects when it broke. */
  readonly ended: Promise<void>
}

/** Opens a stream; it is closed with the test. */
export async function record(sdk: Anthropic, session: string): Promise<Recording> {
  // Previews are asked for by name, and nobody here does.
  return readStream((await sdk.beta.sessions.events.stream(session)) as Stream<SessionEvent>)
}

/** Opens a stream with previews; it is closed with the test. */
export async function recordPreviews(
  sdk: Anthropic,
  session: string,
  types: EventStreamParams['event_deltas'] = ['agent.message', 'agent.thinking'],
): Promise<Recording<StreamEvent>> {
  return readStream(await sdk.beta.sessions.events.stream(session, { event_deltas: types }))
}

/** Opens the stream of the primary thread; it is closed with the test. */
export async function recordThread(
  sdk: Anthropic,
  session: string,
  types: EventStreamParams['event_deltas'] = [],
): Promise<Recording<StreamEvent>> {
  const asked = { session_id: session, event_deltas: types }
  return readStream(await sdk.beta.sessions.threads.events.stream(primaryThread(session), asked))
}

function readStream<Event extends StreamEvent>(stream: Stream<Event>): Recording<Event> {
  onTestFinished(() => stream.controller.abort())
  const events: Event[] = []
  const waiting = new Set<() => void>()

  async function read(): Promise<void> {
    for await (const event of stream) {
      events.push(event)
      for (const look of waiting) look()
    }
  }
  const ended = read()
  const broken = new Promise<never>((_, reject) => {
    ended.then(() => reject(new Error(`the stream ended after ${typesOf(events).join(', ')}`)), reject)
  })
  for (const promise of [ended, broken]) promise.catch(() => undefined)

  function untilSo(isSo: (events: readonly Event[]) => boolean): Promise<void> {
    const come = new Promise<void>((resolve) => {
      const look = (): void => {
        if (!isSo(events)) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
    return Promise.race([come, broken])
  }

  return {
    events,
    ended,
    untilSo,
    until: (type, count = 1) => untilSo(() => events.filter((event) => event.type === type).length >= count),
  }
}

/** Sends, and reads the stream until the session is idle again. */
export async function turn(sdk: Anthropic, session: string, ...sent: Sent[]): Promise<readonly SessionEvent[]> {
  const stream = await sdk.beta.sessions.events.stream(session)
  await sdk.beta.sessions.events.send(session, { events: sent })
  const events: SessionEvent[] = []
  for await (const event of stream) {
    events.push(event as SessionEvent)
    if (event.type === 'session.status_idle') break
  }
  return events
}

export function typesOf(events: readonly StreamEvent[]): string[] {
  return events.map(({ type }) => type)
}

/** The events of one type, narrowed to it. */
export function only<Type extends SessionEvent['type']>(
  events: readonly SessionEvent[],
  type: Type,
): Extract<SessionEvent, { type: Type }>[] {
  return events.filter((event): event is Extract<SessionEvent, { type: Type }> => event.type === type)
}

/** The texts of what calls came to, in the order of the results. */
export function outputsIn(events: readonly SessionEvent[]): readonly string[] {
  return only(events, 'agent.tool_result').map(({ content }) =>
    (content ?? []).map((block) => (block.type === 'text' ? block.text : '')).join(''),
  )
}

/** A stream from the session's start as the list must show it: every event once, inputs as processed. */
export function settled(streamed: readonly SessionEvent[]): readonly SessionEvent[] {
  return streamed.filter(({ processed_at: at }) => at !== null)
}

/** What an assistant said, message by message. */
export function saidIn(events: readonly SessionEvent[]): string[] {
  return only(events, 'agent.message').map(({ content }) =>
    content.map((block) => (block.type === 'text' ? block.text : block.type)).join(''),
  )
}

/** Every item of a list, page by page, or of a stream. */
export async function collect<Item>(pages: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = []
  for await (const item of pages) items.push(item)
  return items
}

/** What a call is rejected with; rejects itself when the call succeeds. */
export async function refused(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    (value) => Promise.reject(new Error(`expected a refusal, got ${JSON.stringify(value)}`)),
    (error: unknown) => error,
  )
}
