import type { Socket } from 'node:net'
import type Docker from 'dockerode'
import type { ExecCreateOptions, VolumeInspectInfo } from 'dockerode'
import { HandsUnavailable } from '../hands.ts'
import { createPatience, toLine } from './docker-line.ts'
import { toPipe } from './docker-pipe.ts'
import type { Engine, Process } from './engine.ts'
import { createImageRequests } from './image-requests.ts'
import { demultiplex, readAll } from './multiplex.ts'
import type { Clients, EngineOptions, Requests } from './requests.ts'
import { createConnect, createRequests, describe, within } from './requests.ts'

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
    ...createImageRequests(requests),
    ...createExec({ connect, requests, find: lookups.find, lookMs: options.patience?.lookMs ?? usualLookMs }),
  }
}

function createLookups({ ask, askOr, short }: Requests): Pick<Engine, 'info' | 'hasImage' | 'find' | 'list' | 'usage'> {
  return {
    async info() {
      // `GET /info`, which the client does not type.
      const info = (await ask('info', (_, { brief }) => within(short(), brief.info()))) as {
        ID: string
        ServerVersion: string
        Driver: string
        Runtimes?: Readonly<Record<string, unknown>>
      }
      const runtimes = Object.keys(info.Runtimes ?? {})
      return { id: info.ID, version: info.ServerVersion, storage: info.Driver, runtimes }
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
      const { Id: id, Created: createdAt, State: state, Config: config, Image: image } = found
      const { Status: status, StartedAt: startedAt, FinishedAt: finishedAt, ExitCode: exitCode } = state
      return { id, status, createdAt, startedAt, finishedAt, exitCode, image, labels: config.Labels }
    },

    async list(...label) {
      const query = { all: true, filters: { label: [...label] }, ...short() }
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

function createContainers({
  askOr,
  short,
  long,
}: Requests): Pick<Engine, 'create' | 'start' | 'putArchive' | 'remove'> {
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

    async putArchive(id, folder, tar) {
      const request = (docker: Docker) => docker.getContainer(id).putArchive(tar, { path: folder, ...long() })
      return (await askOr([404], 'archive upload', request)) !== null
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
    async orphans(...label) {
      const filters = JSON.stringify({ label, dangling: ['true'] })
      const found = await ask('volume list', (docker) => docker.listVolumes({ filters, ...short() }))
      // It is `null` where there is none, whatever the types say, and they leave out when a volume was made.
      const volumes = found.Volumes as typeof found.Volumes | null
      const dated: readonly (VolumeInspectInfo & { readonly CreatedAt?: string })[] = volumes ?? []
      return dated.map(({ Name: name, CreatedAt: createdAt = '1970-01-01', Labels: labels }) => ({
        name,
        createdAt,
        labels,
      }))
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

function createExec({ connect, requests: { short }, find, lookMs }: ExecParts): Pick<Engine, 'exec' | 'open' | 'pipe'> {
  /** A process may be silent for hours, and so is a daemon that froze or a connection that was cut on its way. */
  function watch(id: string, signal?: AbortSignal) {
    const gone = new AbortController()
    const isPatient = createPatience()
    const look = async () => {
      const state = await find(id).catch(() => null)
      if (!isPatient(state?.status ?? null)) gone.abort()
    }
    const timer = setInterval(() => void look(), lookMs)
    const either = signal ? AbortSignal.any([gone.signal, signal]) : gone.signal
    return { signal: either, [Symbol.dispose]: () => clearInterval(timer) }
  }

  /** The connection of a process that reads stdin. */
  async function start(id: string, options: ExecCreateOptions): Promise<Socket> {
    const started = new AbortController()
    const timer = setTimeout(() => started.abort(), openPatienceMs)
    try {
      const container = (await connect()).docker.getContainer(id)
      const exec = await container.exec({ ...options, AttachStdin: true, ...short() })
      // Hijacked, it is the connection itself.
      return (await exec.start({ hijack: true, stdin: true, abortSignal: started.signal })) as Socket
    } catch (error) {
      throw new HandsUnavailable(`Docker starts no process: ${describe(error).reason}`, { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    async exec(id, { stdin, signal: over, ...process }) {
      try {
        const container = (await connect()).docker.getContainer(id)
        const exec = await container.exec({
          ...toExec(process),
          AttachStdin: stdin !== undefined,
          AttachStderr: true,
          ...short(),
        })
        using watched = watch(id, over)
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
      const look = async () => (await find(id).catch(() => null))?.status ?? null
      return toLine(await start(id, toExec(process)), { look, lookMs })
    },

    pipe: async (id, process) => toPipe(await start(id, { ...toExec(process), AttachStderr: true })),
  }
}

function toExec({ argv, user, folder, env = {} }: Process) {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  return { Cmd: [...argv], Env: variables, User: user, WorkingDir: folder, AttachStdout: true }
}
