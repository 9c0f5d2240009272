import { createDescriber } from './describe-event.ts'
import type { StreamedEvent } from './follow.ts'
import { followSession, previewsIf } from './follow.ts'
import type { LiveCrash } from './live-crash.ts'
import { crashLiveWorker } from './live-crash.ts'
import type { Stage } from './stage.ts'

export interface LiveSceneOptions {
  readonly stage: Stage
  readonly session: string
  readonly task: string
  readonly print: (line: string) => void
  /** How long the worker stays away, in ms. */
  readonly downMs?: number | undefined
  readonly signal: AbortSignal
}

/** How a live session looked to its client. */
export interface LivePlay {
  readonly crash: LiveCrash | null
  /** Why the session rests; null when it ended. */
  readonly stopReason: string | null
  /** From the request that sent the task to the agent's first word, in ms; null without previews. */
  readonly firstWordMs: number | null
}

/** Gives the session a task of the user's and follows it to its rest; the worker dies once, with the first tool call. */
export async function playLive({ stage, session, task, print, downMs, signal }: LiveSceneOptions): Promise<LivePlay> {
  const { client } = stage
  const { events } = client.beta.sessions
  const stream = await events.stream(session, previewsIf(true), { signal })
  const sentAt = performance.now()
  await events.send(
    session,
    { events: [{ type: 'user.message', content: [{ type: 'text', text: task }] }] },
    { signal },
  )
  const answered = new AbortController()
  const rested = new AbortController()
  let call: string | null = null
  let crash: Promise<LiveCrash> | null = null
  let firstWordMs: number | null = null
  const describe = createDescriber()
  // What comes after the kill is told after the takeover.
  let held: string[] | null = null
  const tell = (line: string): void => void (held ? held.push(line) : print(line))
  const onKill = (): void => void (held = [])
  function release(): void {
    const lines = held ?? []
    held = null
    for (const line of lines) print(line)
  }
  const onCut = (): void => print('the stream ended; reading on')
  for await (const event of followSession({ client, session, stream, signal, onCut })) {
    if (event.type === 'event_delta') firstWordMs ??= performance.now() - sentAt
    for (const line of describe(event)) tell(line)
    if (event.type === 'agent.tool_use' && call === null) {
      call = event.id
      const signals = { answered: answered.signal, rested: rested.signal, signal }
      crash = crashLiveWorker({ stage, session, tool: event.name, print, onKill, downMs, ...signals }).finally(release)
      // Awaited when the session rests; until then a failure is nobody's.
      crash.catch(() => undefined)
    }
    if (event.type === 'agent.tool_result' && event.tool_use_id === call) answered.abort()
    const stopReason = endOf(event)
    if (stopReason === undefined) continue
    rested.abort()
    return { crash: await crash, stopReason, firstWordMs }
  }
  throw new Error('expected the session to end')
}

/** Why the session rests, null for its end; undefined while it goes on. */
function endOf(event: StreamedEvent): string | null | undefined {
  if (event.type === 'session.status_idle') return event.stop_reason.type
  return event.type === 'session.status_terminated' || event.type === 'session.deleted' ? null : undefined
}
