import { Agent } from 'node:http'
import type { FuzzAnswer } from './fuzz-answer.ts'
import { parse, problemsOf, send } from './fuzz-answer.ts'
import type { Stored } from './fuzz-ledger.ts'
import { createLedger } from './fuzz-ledger.ts'
import { createRandom } from './fuzz-random.ts'
import type { FuzzRequest, Pool } from './fuzz-request.ts'
import { createRequests } from './fuzz-request.ts'
import { isNode } from './fuzz-sample.ts'
import { heap } from './heap.ts'

/** A server under test, and how to look into it past its API. */
export interface FuzzTarget {
  readonly url: string
  readonly key: string
  /** Strings that no answer may tell, the key apart. */
  readonly secrets: readonly string[]
  /** Fresh ids for a batch: a batch may end what it is given. */
  prepare(): Promise<Pool>
  stored(): Promise<Stored>
  /** Resolves when the server has nothing under way. */
  settled(): Promise<void>
}

export interface FuzzOptions {
  readonly seed: number
  readonly requests: number
  readonly batch?: number
  /** Batches that fill caches and compile what is compiled once; growth counts from there. */
  readonly warm?: number
  /** Problems after which it is enough, 20 if nothing is said. */
  readonly enough?: number
  /** Bytes that the heap may grow by with each thousand requests. */
  readonly growth?: number
}

export interface FuzzReport {
  readonly requests: number
  readonly statuses: ReadonlyMap<number, number>
  /** What went wrong, worst first at most a handful, each with the request that did it. */
  readonly problems: readonly string[]
  /** Bytes of heap, after a collection, by which it grew with each thousand requests. */
  readonly growth: number
}

const CONCURRENCY = 16
const BATCH = 500
const WARM = 2
const ENOUGH = 20
const GROWTH = 4 * 1024 * 1024

/** Sends random requests in batches and checks each answer, and after each batch what is stored. */
export async function fuzz(target: FuzzTarget, options: FuzzOptions): Promise<FuzzReport> {
  const { seed, requests, batch = BATCH, warm: warmUp = WARM, enough = ENOUGH, growth: allowed = GROWTH } = options
  const random = createRandom(seed)
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY })
  const statuses = new Map<number, number>()
  const problems: string[] = []
  let done = 0
  let warm = { done: 0, heap: 0 }
  try {
    for (let round = 0; done < requests && problems.length < enough; round++) {
      const pool = await target.prepare()
      const ledger = createLedger(await target.stored())
      const make = createRequests(pool, random)
      const queue = Array.from({ length: Math.min(batch, requests - done) }, make)
      done += queue.length
      const work = async (): Promise<void> => {
        for (let next = queue.pop(); next; next = queue.pop()) {
          const answer = await ask(target, next, agent)
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
          ledger.note(next, answer)
          const wrong = [
            ...problemsOf(answer, [target.key, ...target.secrets]),
            ...(await rereading(target, { next, answer, agent })),
          ]
          if (wrong.length > 0) problems.push(`${wrong.join(', ')}: ${describe(next, answer)}`)
        }
      }
      await Promise.all(Array.from({ length: CONCURRENCY }, work))
      await target.settled()
      problems.push(...ledger.compare(await target.stored()))
      if (!(await isWell(target, agent))) problems.push(`after ${done} requests the next good one failed`)
      if (round === warmUp - 1) warm = { done, heap: heap() }
    }
  } finally {
    agent.destroy()
  }
  const growth = warm.done > 0 && done > warm.done ? ((heap() - warm.heap) / (done - warm.done)) * 1000 : 0
  if (growth > allowed) problems.push(`the heap grew by ${Math.round(growth / 1024)} KiB with each 1,000 requests`)
  return { requests: done, statuses, problems: problems.slice(0, ENOUGH), growth }
}

/** The figures of a run as a line, with what is needed to run it again. */
export function describeReport({ requests, statuses, growth }: FuzzReport, seed: number): string {
  const counts = [...statuses]
    .toSorted(([left], [right]) => left - right)
    .map(([status, count]) => `${status}: ${count}`)
  const heapGrowth = `${Math.round(growth / 1024)} KiB of heap per 1,000`
  return `fuzz: n = ${requests} requests, seed ${seed}, ${counts.join(', ')}, ${heapGrowth}`
}

async function ask(target: FuzzTarget, next: FuzzRequest, agent: Agent): Promise<FuzzAnswer> {
  const headers = { authorization: `Bearer ${target.key}`, ...next.headers }
  try {
    return await send(target.url, { ...next, headers }, agent)
  } catch (error) {
    return { status: 0, type: '', requestId: undefined, text: String(error) }
  }
}

/** What was made or changed must be readable as it was answered. */
async function rereading(
  target: FuzzTarget,
  { next, answer, agent }: { next: FuzzRequest; answer: FuzzAnswer; agent: Agent },
): Promise<string[]> {
  const body = parse(answer.text)
  const place = next.route.path.split('/').slice(0, 3).join('/')
  if (
    answer.status !== 200 ||
    next.method !== 'POST' ||
    !next.route.body ||
    !isNode(body) ||
    typeof body['id'] !== 'string'
  )
    return []
  const path = `${place}/${body['id']}`
  const read = await ask(target, { route: next.route, method: 'GET', path, headers: {}, body: null }, agent)
  // What was there before may have been deleted meanwhile.
  if (read.status === 404 && !next.route.body.endsWith('.create')) return []
  const found = parse(read.text)
  // Somebody else may have changed it meanwhile; what never changes tells whether it is the same.
  const isSame = isNode(found) && ['id', 'type', 'created_at'].every((name) => found[name] === body[name])
  return read.status === 200 && isSame ? [] : [`answered 200 and reads as ${read.status} ${read.text.slice(0, 200)}`]
}

async function isWell(target: FuzzTarget, agent: Agent): Promise<boolean> {
  const route = { method: 'GET' as const, path: '/v1/agents' }
  return (
    (await ask(target, { route, method: 'GET', path: '/v1/agents', headers: {}, body: null }, agent)).status === 200
  )
}

function describe({ method, path, headers, body }: FuzzRequest, { status, text }: FuzzAnswer): string {
  const noise = Object.keys(headers).length > 0 ? ` ${JSON.stringify(headers)}` : ''
  const sent = body ? ` ${body.toString('utf8').slice(0, 1_000)}` : ''
  return `${method} ${path.slice(0, 500)}${noise}${sent} → ${status} ${text.slice(0, 500)}`
}
