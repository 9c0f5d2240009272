import { describeOutcome, toCallLine, toLine } from './demo-lines.ts'
import { textOf } from './describe-event.ts'
import type { StreamedEvent } from './follow.ts'
import { followSession } from './follow.ts'
import type { Stage } from './stage.ts'

type ToolUse = Extract<StreamedEvent, { type: 'agent.tool_use' }>

export interface TurnOptions {
  readonly stage: Stage
  readonly session: string
  /** What the user says. */
  readonly said: string
  /** Lines that are shown behind a result, by its text. */
  readonly behind?: (text: string) => readonly string[]
  readonly print: (line: string) => void
  readonly signal: AbortSignal
}

/** How a turn looked to the client. */
export interface Turn {
  /** The texts of the results, in their order. */
  readonly results: readonly string[]
  /** The agent's last message. */
  readonly answer: string
  /** Why the session became idle; null when it did not. */
  readonly stopReason: string | null
}

/** Says something to a session, shows what it does then, and answers when it rests. */
export async function playTurn({ stage, session, said, behind, print, signal }: TurnOptions): Promise<Turn> {
  const { client } = stage
  const { events } = client.beta.sessions
  const stream = await events.stream(session, {}, { signal })
  const { data } = await events.send(
    session,
    { events: [{ type: 'user.message', content: [{ type: 'text', text: said }] }] },
    { signal },
  )
  print(toLine('you', said))
  const calls = new Map<string, ToolUse>()
  const results: string[] = []
  let answer = ''
  // Where the stream is cut, the list tells earlier turns too.
  let isHeard = false
  const onCut = (): void => print('the stream ended; reading on')
  for await (const event of followSession({ client, session, stream, signal, onCut })) {
    isHeard ||= event.type === 'user.message' && event.id === data?.[0]?.id
    if (!isHeard) continue
    if (event.type === 'agent.message') print(toLine('agent', (answer = textOf(event.content))))
    else if (event.type === 'agent.tool_use') calls.set(event.id, event)
    else if (event.type === 'session.error') print(toLine('error', event.error.message))
    else if (event.type === 'session.status_idle') return { results, answer, stopReason: event.stop_reason.type }
    else if (event.type === 'session.status_terminated') return { results, answer, stopReason: null }
    const use = event.type === 'agent.tool_result' && calls.get(event.tool_use_id)
    if (!use || event.type !== 'agent.tool_result') continue
    const text = textOf(event.content ?? [])
    results.push(text)
    print(toCallLine(use, describeOutcome(use, event)))
    for (const line of behind?.(text) ?? []) print(line)
  }
  throw new Error('expected the session to rest')
}
