import type Anthropic from '@anthropic-ai/sdk'
import type { EventSendParams } from '@anthropic-ai/sdk/resources/beta/sessions/events'
import type { BetaManagedAgentsStreamSessionEvents as StreamEvent } from '@anthropic-ai/sdk/resources/beta/sessions/events'
import { now } from '../support/clock.ts'
import type { Prepared } from '../support/conversation.ts'

type OfType<Type extends StreamEvent['type']> = Extract<StreamEvent, { type: Type }>

/** A session and its open stream. Disposal closes the stream and deletes the session. */
export class Watched implements AsyncDisposable {
  readonly id: string
  readonly #sdk: Anthropic
  readonly #stream: AsyncIterable<StreamEvent> & { readonly controller: AbortController }
  readonly #reading: Promise<void>
  #seen: { event: StreamEvent; at: number }[] = []
  #look: () => void = () => undefined

  static async open(sdk: Anthropic, { agent, environment }: Prepared): Promise<Watched> {
    const { id } = await sdk.beta.sessions.create({ agent, environment_id: environment })
    return new Watched(sdk, id, await sdk.beta.sessions.events.stream(id))
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
    // A broken stream is told by whoever waits for it.
    this.#reading.catch(() => undefined)
  }

  /** Sends, and looks from then on at what comes only; answers the time just before, by the clock of `now`. */
  async send(...events: EventSendParams['events']): Promise<number> {
    this.#seen = []
    const at = now()
    await this.#sdk.beta.sessions.events.send(this.id, { events })
    return at
  }

  /** A message that tells the demo model what to do, and drops what it had to do before. */
  tell(...lines: readonly string[]): Promise<number> {
    const text = ['#program now', ...lines].join('\n')
    return this.send({ type: 'user.message', content: [{ type: 'text', text }] })
  }

  /** The first event of this type since the last request, with the time at which it came. */
  async until<Type extends StreamEvent['type']>(
    type: Type,
  ): Promise<{ readonly event: OfType<Type>; readonly at: number }> {
    const come = new Promise<{ event: OfType<Type>; at: number }>((resolve) => {
      this.#look = () => {
        const found = this.#seen.find((one): one is { event: OfType<Type>; at: number } => one.event.type === type)
        if (found) resolve(found)
      }
      this.#look()
    })
    return Promise.race([come, this.#reading.then(() => Promise.reject(new Error(`the stream of ${this.id} ended`)))])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream.controller.abort()
    await this.#reading.catch(() => undefined)
    await this.#sdk.beta.sessions.delete(this.id)
  }

  async #read(): Promise<void> {
    for await (const event of this.#stream) {
      this.#seen.push({ event, at: now() })
      this.#look()
    }
  }
}
