import type { Socket } from 'node:net'
import type Docker from 'dockerode'
import { HandsUnavailable } from '../hands.ts'
import type { Engine, Process } from './engine.ts'
import { toLine } from './docker-line.ts'
import { demultiplex, readAll } from './multiplex.ts'

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

interface Clients {
  readonly docker: Docker
  /** Gives up a connection on which nothing is heard for the short patience: for requests that cannot be aborted. */
  readonly brief: Docker
}

type Request<T> = (docker: Docker, clients: Clients) => Promise<T>

/** Runs requests; `refusals` are statuses that are an answer too. */
interface Requests {
  readonly ask: <T>(what: string, request: Request<T>) => Promise<T>
  /** Null for one of the refusals. */
  readonly askOr: <T>(refusals: readonly number[], what: string, request: Request<T>) => Promise<T | null>
  readonly short: () => Deadline
  readonly long: () => Deadline
}

interface Deadline {
  readonly abortSignal: AbortSignal
}

const usual: Patience = { shortMs: 10_000, longMs: 60_000 }
const usualLookMs = 30_000
const removalPollMs = 20
const openPatienceMs = 10_000

/** A daemon, through dockerode. Connects for each request: a daemon that was restarted is found again. */
export function createEngine(options: EngineOptions = {}): Engine {
  const connect = createConnect(options)
  const requests = createRequests(connect, options)
  const lookups = createLookups(requests)
  return {
    ...lookups,
    ...createContainers(requests),
    ...createVolumes(requests),
    ...createExec({ connect, requests, find: lookups.find, lookMs: options.patience?.lookMs ?? usualLookMs }),
  }
}

function createConnect({ socketPath, patience = usual }: EngineOptions): () => Promise<Clients> {
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

function createRequests(connect: () => Promise<Clients>, { patience = usual }: EngineOptions): Requests {
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
    long: () => ({ abortSignal: AbortSignal.timeout(patience.longMs) }),
  }
}

function createLookups({ ask, askOr, short }: Requests): Pick<Engine, 'info' | 'hasImage' | 'find' | 'list' | 'usage'> {
  return {
    async info() {
      // `GET /info`, which the client does not type.
      const info = (await ask('info', (_, { brief }) => within(short(), brief.info()))) as {
        ServerVersion: string
        Driver: string
      }
      return { version: info.ServerVersion, storage: info.Driver }
    },

    async hasImage(name) {
      const found = await askOr([404], 'image inspect', (_, { brief }) =>
        within(short(), brief.getImage(name).inspect()),
      )
      return found !== null
    },

    async find(name) {
      const found = await askOr([404], 'container inspect', (docker) => docker.getContainer(name).inspect(short()))
      if (found === null) return null
      const { Id: id, Created: createdAt, State: state, Config: config } = found
      const { Status: status, StartedAt: startedAt, ExitCode: exitCode } = state
      return { id, status, createdAt, startedAt, exitCode, labels: config.Labels }
    },

    async list(label) {
      const query = { all: true, filters: { label: [label] }, ...short() }
      return (await ask('container list', (docker) => docker.listContainers(query))).map(({ Id }) => Id)
    },

    async usage(id) {
      const query = { stream: false, 'one-shot': true } as const
      const { memory_stats: memory, pids_stats: pids } = await ask('container stats', (_, { brief }) =>
        within(short(), brief.getContainer(id).stats(query)),
      )
      // What the page cache holds is given back when it is needed; the second name is that of control groups v2.
      const { total_inactive_file: v1, inactive_file: v2 } = memory.stats
      return {
        memory: { used: memory.usage - (v1 ?? v2 ?? 0), limit: memory.limit },
        pids: { used: pids?.current ?? 0, limit: pids?.limit ?? Number.POSITIVE_INFINITY },
      }
    },
  }
}

function createContainers({ askOr, short, long }: Requests): Pick<Engine, 'create' | 'start' | 'remove'> {
  return {
    async create(name, spec) {
      const request = (docker: Docker) => docker.createContainer({ ...spec, name, ...long() })
      return (await askOr([409], 'container create', request))?.id ?? null
    },

    async start(id) {
      const request = async (docker: Docker) => {
        try {
          await docker.getContainer(id).start(long())
        } catch (error) {
          // It runs already.
          if (describe(error).status !== 304) throw error
        }
        return true
      }
      return (await askOr([404], 'container start', request)) ?? false
    },

    async remove(id) {
      const deadline = long().abortSignal
      // 409: somebody else is removing it.
      await askOr([404, 409], 'container remove', (docker) =>
        docker.getContainer(id).remove({ force: true, v: true, abortSignal: deadline }),
      )
      const look = (docker: Docker) => docker.getContainer(id).inspect(short())
      while ((await askOr([404], 'container inspect', look)) !== null) {
        if (deadline.aborted) throw new HandsUnavailable(`Docker does not remove container ${id}`)
        await new Promise((resolve) => setTimeout(resolve, removalPollMs))
      }
    },
  }
}

function createVolumes({ ask, askOr, short }: Requests): Pick<Engine, 'orphans' | 'removeVolume'> {
  return {
    async orphans(label) {
      const filters = JSON.stringify({ label: [label], dangling: ['true'] })
      const found = await ask('volume list', (docker) => docker.listVolumes({ filters, ...short() }))
      // It is `null` where there is none, whatever the types say.
      const volumes = found.Volumes as typeof found.Volumes | null
      return (volumes ?? []).map(({ Name: name, Labels: labels }) => ({ name, labels }))
    },

    async removeVolume(name) {
      await askOr([404], 'volume remove', (docker) => docker.getVolume(name).remove(short()))
    },
  }
}

interface ExecParts extends Pick<Engine, 'find'> {
  readonly connect: () => Promise<Clients>
  readonly requests: Requests
  readonly lookMs: number
}

function createExec({ connect, requests: { short }, find, lookMs }: ExecParts): Pick<Engine, 'exec' | 'open'> {
  /** A process may be silent for hours, and so is a daemon that froze or a connection that was cut on its way. */
  function watch(id: string) {
    const gone = new AbortController()
    const look = async () => {
      const state = await find(id).catch(() => null)
      if (!['running', 'paused'].includes(state?.status ?? '')) gone.abort()
    }
    const timer = setInterval(() => void look(), lookMs)
    return { signal: gone.signal, [Symbol.dispose]: () => clearInterval(timer) }
  }

  return {
    async exec(id, { stdin, ...process }) {
      try {
        const container = (await connect()).docker.getContainer(id)
        const exec = await container.exec({
          ...toExec(process),
          AttachStdin: stdin !== undefined,
          AttachStderr: true,
          ...short(),
        })
        using watched = watch(id)
        const { signal } = watched
        const stream = await exec.start({ abortSignal: signal, ...(stdin && { hijack: true, stdin: true }) })
        // What the process said is cut off here: without an answer in it the sandbox's own state decides.
        signal.addEventListener('abort', () => stream.destroy())
        // A caller that joins is answered without being read: EPIPE is no failure.
        stream.on('error', () => {})
        if (stdin !== undefined) stream.end(stdin)
        return demultiplex(await readAll(stream))
      } catch (error) {
        const { status, reason } = describe(error)
        if (status === undefined) throw new HandsUnavailable(`Docker does not answer: ${reason}`, { cause: error })
        return { stdout: new Uint8Array(), stderr: reason }
      }
    },

    async open(id, process) {
      const started = new AbortController()
      const timer = setTimeout(() => started.abort(), openPatienceMs)
      try {
        const container = (await connect()).docker.getContainer(id)
        const exec = await container.exec({ ...toExec(process), AttachStdin: true, ...short() })
        const stream = await exec.start({ hijack: true, stdin: true, abortSignal: started.signal })
        const look = async () => (await find(id).catch(() => null))?.status ?? null
        return toLine(stream as Socket, { look, lookMs })
      } catch (error) {
        throw new HandsUnavailable(`Docker starts no process: ${describe(error).reason}`, { cause: error })
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

function toExec({ argv, user, folder, env = {} }: Process) {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  return { Cmd: [...argv], Env: variables, User: user, WorkingDir: folder, AttachStdout: true }
}

/** For the requests that the client cannot abort: the answer, or a rejection when it is late. */
async function within<T>({ abortSignal }: Deadline, answer: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    abortSignal.addEventListener('abort', () => reject(abortSignal.reason), { once: true })
  })
  return Promise.race([answer, late])
}

/** `status` is missing when no answer came at all. */
function describe(error: unknown): { readonly status?: number; readonly reason: string } {
  if (!(error instanceof Error)) return { reason: String(error) }
  const answer: unknown = 'json' in error ? error.json : undefined
  const told = typeof answer === 'object' && answer !== null && 'message' in answer ? answer.message : undefined
  const reason = typeof told === 'string' ? told : error.message.trim()
  return 'statusCode' in error && typeof error.statusCode === 'number'
    ? { status: error.statusCode, reason }
    : { reason }
}
