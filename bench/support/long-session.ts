import { setTimeout as delay } from 'node:timers/promises'
import type { Turn } from './arm.ts'
import { takeCalls } from './arm.ts'
import { now } from './clock.ts'
import type { Prepared } from './conversation.ts'
import { Conversation } from './conversation.ts'
import type { Directive } from './directive.ts'
import type { BenchModel } from './model.ts'
import type { Service } from './service.ts'

/** The API takes 20 messages a second of a session. */
const shortestMs = 60

export interface LongSessionOptions {
  readonly service: Service
  readonly model: BenchModel
  readonly prepared: Prepared
  /** What every turn is like. */
  readonly directive: Omit<Directive, 'tag'>
}

/** One session that goes on and on, all its turns alike, with an open stream. Disposal deletes it. */
export class LongSession implements AsyncDisposable {
  readonly #options: LongSessionOptions
  readonly #conversation: Conversation
  #turns = 0
  #summaries = 0

  static async open(options: LongSessionOptions): Promise<LongSession> {
    return new LongSession(options, await Conversation.open(options.service.sdk, options.prepared))
  }

  private constructor(options: LongSessionOptions, conversation: Conversation) {
    this.#options = options
    this.#conversation = conversation
  }

  get id(): string {
    return this.#conversation.id
  }

  /** Turns so far. */
  get turns(): number {
    return this.#turns
  }

  /** Summaries that the model was asked for so far. */
  get summaries(): number {
    return this.#summaries
  }

  /** Runs a turn, and rests where the next one would come too soon. A call for a summary is among the turn's calls. */
  async turn(): Promise<Turn> {
    const { directive, model } = this.#options
    this.#turns += 1
    const tagged = { ...directive, tag: `${this.id}-${this.#turns}` }
    const times = await this.#conversation.turn(tagged)
    const summary = model.takeSummary(tagged.tag)
    if (summary) this.#summaries += 1
    const calls = [...(summary ? [summary] : []), ...takeCalls(model, tagged)]
    await delay(Math.max(0, times.sentAt + shortestMs - now()))
    return { times, calls }
  }

  /** Goes on until the session has had so many turns. */
  async reach(turns: number): Promise<void> {
    while (this.#turns < turns) await this.turn()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#conversation[Symbol.asyncDispose]()
  }
}
