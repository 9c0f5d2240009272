import Anthropic from '@anthropic-ai/sdk'
import type { CuttingProxy } from '../support/cutting-proxy.ts'
import { openCuttingProxy } from '../support/cutting-proxy.ts'
import { collect, createSession, listAll, message, only } from './drive.ts'
import type { Prepared } from './use-stack.ts'

/** What became of requests whose answers were cut: how many there were, and what is wrong with any. */
export interface CutReport {
  readonly trials: number
  /** Length of the whole answer, in bytes. */
  readonly length: number
  readonly retried: number
  /** Requests that ended as errors: SDKs do not repeat what was cut behind the headers. */
  readonly broken: number
  readonly faults: readonly string[]
}

/** Which places of an answer to cut at, 0 to its length. */
export type Places = (length: number) => readonly number[]

const LANES = 12
const DIGITS = 8

/** A client behind a proxy, and how often it has tried again. */
interface Lane {
  readonly sdk: Anthropic
  readonly proxy: CuttingProxy
  readonly retries: () => number
}

async function openLane({ stack }: Prepared): Promise<Lane & AsyncDisposable> {
  const proxy = await openCuttingProxy(stack.urls[0] ?? '')
  let retries = 0
  const sdk = new Anthropic({
    baseURL: proxy.url,
    apiKey: stack.apiKey,
    maxRetries: 2,
    fetch: (url, init) => {
      if (Number(new Headers(init?.headers).get('x-stainless-retry-count')) > 0) retries += 1
      return fetch(url, init)
    },
  })
  return { sdk, proxy, retries: () => retries, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() }
}

/**
 * Posts an event for each place and cuts the answer there; the client repeats it as it always does. Every other lane
 * says the same thing every time. Each event has to be in its log once, under the id that its client was given, if it
 * was given any.
 */
export async function cutPosts(prepared: Prepared, places: Places): Promise<CutReport> {
  return inLanes(prepared, places, async (lane, name) => {
    const session = await createSession(prepared)
    const send = async (text: string): Promise<string> => {
      const { data } = await lane.sdk.beta.sessions.events.send(session, { events: [message(text)] })
      return data?.[0]?.id ?? ''
    }
    return {
      warm: () => send('0'.padStart(10)),
      trial: (place) => send(name % 2 === 0 ? 'the same  ' : String(place).padStart(10)),
      async read() {
        return only(await listAll(prepared.stack.sdk, session), 'user.message').map(({ id }) => id)
      },
    }
  })
}

/** The same for sessions that are created with a first event. */
export async function cutCreations(prepared: Prepared, places: Places): Promise<CutReport> {
  return inLanes(prepared, places, async (lane) => {
    const { sdk } = prepared.stack
    const agent = (await sdk.beta.agents.create({ name: 'cut', model: 'claude-opus-5-5' })).id
    const create = async (place: number): Promise<string> => {
      const session = await lane.sdk.beta.sessions.create({
        agent,
        environment_id: prepared.environment,
        title: String(place).padStart(10),
        initial_events: [{ type: 'user.message', content: [{ type: 'text', text: 'hello' }] }],
      })
      return session.id
    }
    return {
      warm: () => create(0),
      trial: create,
      async read() {
        const sessions = await collect(sdk.beta.sessions.list({ agent_id: agent, order: 'asc' }))
        for (const { id } of sessions) {
          const { length } = only(await listAll(sdk, id), 'user.message')
          if (length !== 1) throw new Error(`expected one message in ${id}, got ${length}`)
        }
        return sessions.map(({ id }) => id)
      },
    }
  })
}

interface Work {
  /** One request whose answer is not cut; resolves, as the others, with the id of what it has made. */
  warm(): Promise<string>
  trial(place: number): Promise<string>
  /** Ids of all that was made, in order. */
  read(): Promise<readonly string[]>
}

async function inLanes(
  prepared: Prepared,
  places: Places,
  open: (lane: Lane, name: number) => Promise<Work>,
): Promise<CutReport> {
  const lanes = await Promise.all(Array.from({ length: LANES }, () => openLane(prepared)))
  try {
    const reports = await Promise.all(
      lanes.map(async (lane, name) => cutOne(lane, await open(lane, name), { places, name })),
    )
    return {
      trials: sum(reports.map(({ trials }) => trials)),
      length: Math.max(...reports.map(({ length }) => length)),
      retried: sum(reports.map(({ retried }) => retried)),
      broken: sum(reports.map(({ broken }) => broken)),
      faults: reports.flatMap(({ faults }) => faults),
    }
  } finally {
    await Promise.all(lanes.map((lane) => lane[Symbol.asyncDispose]()))
  }
}

async function cutOne(
  { proxy, retries }: Lane,
  work: Work,
  { places, name }: { readonly places: Places; readonly name: number },
): Promise<CutReport> {
  const faults: string[] = []
  const told = [await work.warm()]
  const length = proxy.received
  const own = places(length).filter((_, index) => index % LANES === name)
  let broken = 0
  for (const place of own) {
    const before = retries()
    proxy.cutNext(place)
    const outcome = await work.trial(place).then(
      (id) => ({ id }),
      () => null,
    )
    if (outcome) told.push(outcome.id)
    else broken += 1
    // Answers differ in length by some digits.
    if (place > length - DIGITS) continue
    if (!proxy.hasCut) faults.push(`the answer was not cut at ${place} of ${length}`)
    if (outcome && retries() === before) faults.push(`not tried again when cut at ${place}`)
  }
  const made = await work.read()
  if (made.length !== own.length + 1 || !isInOrder(told, made))
    faults.push(`told of ${told.join()}, made ${made.join()}`)
  return { trials: own.length, length, retried: retries(), broken, faults }
}

function isInOrder(told: readonly string[], made: readonly string[]): boolean {
  const kept = made.filter((id) => told.includes(id))
  return kept.length === told.length && kept.every((id, index) => id === told[index])
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
