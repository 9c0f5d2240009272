import type Docker from 'dockerode'
import { HandsUnavailable } from '../hands.ts'

export interface EngineOptions {
  /** Of a Unix socket. Default: what `DOCKER_HOST` says, else the socket where Docker puts it. */
  readonly socketPath?: string
  /** For an answer: to questions, and to what makes, starts and removes. */
  readonly patience?: Patience
}

interface Patience {
  readonly shortMs: number
  readonly longMs: number
  /** Between looks at the container of a process that runs. Default 30 s. */
  readonly lookMs?: number
}

export interface Clients {
  readonly docker: Docker
  /** Gives up a connection on which nothing is heard for the short patience: for requests that cannot be aborted. */
  readonly brief: Docker
}

type Request<T> = (docker: Docker, clients: Clients) => Promise<T>

/** Runs requests; `refusals` are statuses that are an answer too. */
export interface Requests {
  readonly ask: <T>(what: string, request: Request<T>) => Promise<T>
  /** Null for one of the refusals. */
  readonly askOr: <T>(refusals: readonly number[], what: string, request: Request<T>) => Promise<T | null>
  readonly short: () => Deadline
  /** So many times the long patience; default once. */
  readonly long: (times?: number) => Deadline
}

interface Deadline {
  readonly abortSignal: AbortSignal
}

const usual: Patience = { shortMs: 10_000, longMs: 60_000 }

/** Connects for each request: a daemon that was restarted is found again. */
export function createConnect({ socketPath, patience = usual }: EngineOptions): () => Promise<Clients> {
  let clients: Clients | undefined
  return async () => {
    // A quarter of a second of loading, for those alone who have a use for it.
    const { default: Client } = await import('dockerode')
    const place = socketPath === undefined ? {} : { socketPath }
    const limits = { connectionTimeout: patience.shortMs, timeout: patience.shortMs }
    clients ??= { docker: new Client(place), brief: new Client({ ...place, ...limits }) }
    return clients
  }
}

/** What the daemon refuses, and its silence, make the hands unavailable, in its own words. */
export function createRequests(connect: () => Promise<Clients>, { patience = usual }: EngineOptions): Requests {
  async function askOr<T>(refusals: readonly number[], what: string, request: Request<T>) {
    try {
      const clients = await connect()
      return await request(clients.docker, clients)
    } catch (error) {
      const { status, reason } = describe(error)
      if (status !== undefined && refusals.includes(status)) return null
      const message = status === undefined ? `Docker does not answer: ${reason}` : `Docker refused ${what}: ${reason}`
      throw new HandsUnavailable(message, { cause: error })
    }
  }
  return {
    askOr,
    // Without refusals there is no null but one that the request itself answers.
    ask: async (what, request) => (await askOr([], what, request)) as Awaited<ReturnType<typeof request>>,
    short: () => ({ abortSignal: AbortSignal.timeout(patience.shortMs) }),
    long: (times = 1) => ({ abortSignal: AbortSignal.timeout(patience.longMs * times) }),
  }
}

/** For the requests that the client cannot abort: the answer, or a rejection when it is late. */
export async function within<T>({ abortSignal }: Deadline, answer: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    abortSignal.addEventListener('abort', () => reject(abortSignal.reason), { once: true })
  })
  return Promise.race([answer, late])
}

/** Of an error that a request ended with. `status` is missing when no answer came at all. */
export function describe(error: unknown): { readonly status?: number; readonly reason: string } {
  if (!(error instanceof Error)) return { reason: String(error) }
  const answer: unknown = 'json' in error ? error.json : undefined
  const told = typeof answer === 'object' && answer !== null && 'message' in answer ? answer.message : undefined
  const reason = typeof told === 'string' ? told : error.message.trim()
  return 'statusCode' in error && typeof error.statusCode === 'number'
    ? { status: error.statusCode, reason }
    : { reason }
}
