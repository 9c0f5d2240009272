import { setTimeout as delay } from 'node:timers/promises'
import type { Prepared, TurnTimes } from './conversation.ts'
import { Conversation, prepare } from './conversation.ts'
import type { Directive } from './directive.ts'
import type { BenchModel, ModelCall } from './model.ts'
import type { Service } from './service.ts'

/** A session takes 20 messages a second, and its history should stay that of an ordinary one. */
const turnsOfSession = 40
const restMs = 30

export interface Turn {
  readonly times: TurnTimes
  readonly calls: readonly ModelCall[]
}

export interface ArmOptions {
  readonly service: Service
  readonly model: BenchModel
  readonly previews?: boolean
}

let arms = 0

/** One thing that is measured: turns of one kind on one service, each session for 40 turns. */
export class Arm implements AsyncDisposable {
  readonly service: Service
  readonly #model: BenchModel
  readonly #prepared: Prepared
  readonly #previews: boolean
  readonly #name = `arm${++arms}`
  #conversation: Conversation | undefined
  #turns = 0

  static async create({ service, model, previews = false }: ArmOptions): Promise<Arm> {
    return new Arm(service, model, { prepared: await prepare(service.sdk), previews })
  }

  private constructor(service: Service, model: BenchModel, how: { prepared: Prepared; previews: boolean }) {
    this.service = service
    this.#model = model
    this.#prepared = how.prepared
    this.#previews = how.previews
  }

  /** Runs a turn, after one that is not counted when the session is a fresh one, and rests. */
  async run(directive: Omit<Directive, 'tag'> = {}): Promise<Turn> {
    if (this.#turns % turnsOfSession === 0) await this.renew(directive)
    const turn = await this.#run(directive)
    await delay(restMs)
    return turn
  }

  /** Goes on with a fresh session that had one turn. */
  async renew(directive: Omit<Directive, 'tag'> = {}): Promise<void> {
    await this.#conversation?.[Symbol.asyncDispose]()
    this.#conversation = await Conversation.open(this.service.sdk, this.#prepared, this.#previews)
    this.#turns = 0
    await this.#run(directive)
    await delay(restMs)
  }

  /** The session that the next turn is run in; undefined before the first. */
  get session(): string | undefined {
    return this.#conversation?.id
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#conversation?.[Symbol.asyncDispose]()
  }

  async #run(directive: Omit<Directive, 'tag'>): Promise<Turn> {
    if (this.#conversation === undefined) throw new Error('an arm begins with a session')
    const tag = `${this.#name}-${this.#conversation.id}-${this.#turns}`
    this.#turns += 1
    const times = await this.#conversation.turn({ ...directive, tag })
    return { times, calls: takeCalls(this.#model, { ...directive, tag }) }
  }
}

/** The model calls of a turn that has ended. */
export function takeCalls(model: BenchModel, { tag, tools = 0, rounds = 1 }: Directive): readonly ModelCall[] {
  const steps = tools > 0 ? rounds + 1 : 1
  return Array.from({ length: steps }, (_, step) => model.take(tag, step))
}

/** Milliseconds from the request to the idle session that were not the model's. */
export function toOverhead({ times, calls }: Turn): number {
  const model = calls.reduce((sum, { receivedAt, endedAt }) => sum + endedAt - receivedAt, 0)
  return times.idleAt - times.sentAt - model
}
