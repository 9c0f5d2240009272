import type Anthropic from '@anthropic-ai/sdk'
import { now } from '../support/clock.ts'
import { toText } from '../support/directive.ts'
import type { Directive } from '../support/directive.ts'

/** A new session as its client has it, by the clock of `now`. */
export interface Beginning {
  readonly id: string
  /** Just before the request. */
  readonly sentAt: number
  /** The first delta of its first answer; undefined when the stream was opened behind it. */
  readonly deltaAt: number | undefined
  /** The first result of a tool; undefined without one, or when the stream was opened behind it. */
  readonly resultAt: number | undefined
}

export type BeginningParams = Omit<Anthropic.Beta.SessionCreateParams, 'initial_events' | 'betas'>

/** A turn that takes longer than this has failed. */
const mostMs = 120_000
/** A stream shows what comes: one that was opened behind the end of its turn shows nothing at all. */
const lookMs = 2_000

/** Creates a session with its first message and watches it until it is idle. Rejects when its turn goes wrong. */
export async function begin(sdk: Anthropic, params: BeginningParams, directive: Directive): Promise<Beginning> {
  const content = [{ type: 'text' as const, text: toText(directive) }]
  const initial_events = [{ type: 'user.message' as const, content }]
  const sentAt = now()
  const { id } = await sdk.beta.sessions.create({ ...params, initial_events })
  return { id, sentAt, ...(await watch(sdk, id)) }
}

async function watch(sdk: Anthropic, id: string): Promise<Pick<Beginning, 'deltaAt' | 'resultAt'>> {
  const stream = await sdk.beta.sessions.events.stream(id, { event_deltas: ['agent.message'] })
  const end = awaitEnd(sdk, id, () => stream.controller.abort())
  let deltaAt: number | undefined
  let resultAt: number | undefined
  let hasSpoken = false
  try {
    for await (const event of stream) {
      // Deltas behind a whole message are of a later answer.
      if (event.type === 'event_delta' && !hasSpoken) deltaAt ??= now()
      if (event.type === 'agent.message') hasSpoken = true
      if (event.type === 'agent.tool_result') resultAt ??= now()
      if (event.type === 'session.error') throw new Error(`${id}: ${JSON.stringify(event.error)}`)
      if (event.type === 'session.status_idle') return { deltaAt, resultAt }
    }
    if (!end.isSeen()) throw new Error(`the stream of ${id} ended before its turn, or after ${mostMs / 1000} s`)
    return { deltaAt, resultAt }
  } finally {
    end.forget()
  }
}

interface End {
  /** Whether the session was idle. */
  isSeen(): boolean
  forget(): void
}

/** Looks now and then whether the session is idle, and calls `stop` when it is or when it has taken too long. */
function awaitEnd(sdk: Anthropic, id: string, stop: () => void): End {
  let seen = false
  let looks = 0
  const look = async (): Promise<void> => {
    looks += 1
    const { status } = await sdk.beta.sessions.retrieve(id)
    seen ||= status === 'idle'
    if (seen || looks * lookMs > mostMs) stop()
  }
  // A look that fails is made again.
  const timer = setInterval(() => void look().catch(() => undefined), lookMs)
  return { isSeen: () => seen, forget: () => clearInterval(timer) }
}
