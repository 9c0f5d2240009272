import { setTimeout as delay } from 'node:timers/promises'
import type Anthropic from '@anthropic-ai/sdk'
import type { BetaManagedAgentsStreamSessionEvents as StreamEvent } from '@anthropic-ai/sdk/resources/beta/sessions/events'
import { now } from './clock.ts'
import { toText } from './directive.ts'
import type { Directive } from './directive.ts'

/** When a client that watches had what of one turn, by the clock of `now`. */
export interface TurnTimes {
  /** Just before the request. */
  readonly sentAt: number
  /** The request's answer was there. */
  readonly ackedAt: number
  /** Each text delta of a preview with the length of all text up to and with it. */
  readonly deltas: readonly { readonly at: number; readonly length: number }[]
  /** The whole text of the last `agent.message` was there. */
  readonly messageAt: number
  /** `session.status_idle` was there. */
  readonly idleAt: number
}

const mostMs = 60_000

/** The ids of an agent with the built-in tools and of an environment. */
export interface Prepared {
  readonly agent: string
  readonly environment: string
}

/** Once per service. */
export async function prepare(sdk: Anthropic): Promise<Prepared> {
  const tools = [{ type: 'agent_toolset_20260401' as const }]
  const agent = await sdk.beta.agents.create({ name: 'bench', model: 'claude-opus-5-5', tools })
  const environment = await sdk.beta.environments.create({ name: `bench ${now()}` })
  return { agent: agent.id, environment: environment.id }
}

/** A session and its open stream. Disposal closes the stream and deletes the session. */
export class Conversation implements AsyncDisposable {
  readonly id: string
  readonly #sdk: Anthropic
  readonly #stream: AsyncIterable<StreamEvent> & { readonly controller: AbortController }
  readonly #reading: Promise<void>
  #deltas: { at: number; length: number }[] = []
  #length = 0
  #messageAt = Number.NaN
  #onIdle: (at: number, reason: string) => void = () => undefined

  /** `previews`: with deltas of the agent's messages. */
  static async open(sdk: Anthropic, { agent, environment }: Prepared, previews = false): Promise<Conversation> {
    const { id } = await sdk.beta.sessions.create({ agent, environment_id: environment })
    const stream = await sdk.beta.sessions.events.stream(id, previews ? { event_deltas: ['agent.message'] } : {})
    return new Conversation(sdk, id, stream)
  }

  private constructor(
    sdk: Anthropic,
    id: string,
    stream: AsyncIterable<StreamEvent> & { controller: AbortController },
  ) {
    this.id = id
    this.#sdk = sdk
    this.#stream = stream
    this.#reading = this.#read()
    // A broken stream is told by the turn that waits for it.
    this.#reading.catch(() => undefined)
  }

  /** Sends a message and waits until the session is idle again; rejects when the turn did not end by itself. */
  async turn(directive: Directive): Promise<TurnTimes> {
    this.#deltas = []
    this.#length = 0
    this.#messageAt = Number.NaN
    const idle = new Promise<number>((resolve, reject) => {
      this.#onIdle = (at, reason) =>
        reason === 'end_turn' ? resolve(at) : reject(new Error(`a turn of ${this.id} ended with ${reason}`))
    })
    // Whichever of these comes too late is nobody's.
    idle.catch(() => undefined)
    const broken = this.#reading.then(() => Promise.reject(new Error(`the stream of ${this.id} ended`)))
    broken.catch(() => undefined)
    const content = [{ type: 'text' as const, text: toText(directive) }]
    const sentAt = now()
    await this.#sdk.beta.sessions.events.send(this.id, { events: [{ type: 'user.message', content }] })
    const ackedAt = now()
    const late = new AbortController()
    const givenUp = this.#giveUp(late.signal)
    givenUp.catch(() => undefined)
    try {
      const idleAt = await Promise.race([idle, broken, givenUp])
      return { sentAt, ackedAt, idleAt, deltas: this.#deltas, messageAt: this.#messageAt }
    } finally {
      late.abort()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream.controller.abort()
    await this.#reading.catch(() => undefined)
    await this.#sdk.beta.sessions.delete(this.id)
  }

  /** Rejects when a turn takes so long that it has failed. */
  async #giveUp(signal: AbortSignal): Promise<never> {
    await delay(mostMs, undefined, { signal })
    throw new Error(`a turn of ${this.id} did not end within ${mostMs / 1000} s`)
  }

  async #read(): Promise<void> {
    for await (const event of this.#stream) this.#take(event)
  }

  #take(event: StreamEvent): void {
    if (event.type === 'session.status_idle') this.#onIdle(now(), event.stop_reason.type)
    if (event.type === 'agent.message') this.#messageAt = now()
    if (event.type !== 'event_delta') return
    this.#length += event.delta.content.text.length
    this.#deltas.push({ at: now(), length: this.#length })
  }
}
