import { once } from 'node:events'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import type { Server, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Transform } from 'node:stream'

/**
 * How the daemon fares behind its gate: `slow` delays all that is said, `silent` takes connections and says nothing,
 * `refused` is a socket that nobody listens on, `gone` is none.
 */
export type DaemonState = 'open' | 'slow' | 'silent' | 'refused' | 'gone'

/** A Unix socket in front of the one Docker daemon, for tests in which it goes away. */
export interface DockerGate extends AsyncDisposable {
  readonly socketPath: string
  /** From now on. Connections that are open are cut, but for `open` and `slow`. */
  turn(state: DaemonState): Promise<void>
  /** Ends what is open, in the middle of whatever is said. */
  cut(): void
}

const DAEMON = /^unix:\/\/(.+)$/.exec(process.env['DOCKER_HOST'] ?? '')?.[1] ?? '/var/run/docker.sock'
const SLOW_MS = 200

export async function openDockerGate(): Promise<DockerGate> {
  const folder = await mkdtemp(join(tmpdir(), 'longhand-gate-'))
  const socketPath = join(folder, 'docker.sock')
  const sockets = new Set<Socket>()
  let state: DaemonState = 'open'
  let server: Server | null = null

  function delay(): Transform {
    return new Transform({
      transform(chunk: Buffer, _, done) {
        setTimeout(() => done(null, chunk), state === 'slow' ? SLOW_MS : 0)
      },
    })
  }

  function pass(client: Socket): void {
    keep(client)
    if (state === 'silent') return
    // Either side may end what it says and go on hearing the other.
    const daemon = connect({ path: DAEMON, allowHalfOpen: true })
    keep(daemon)
    client.pipe(delay()).pipe(daemon)
    daemon.pipe(delay()).pipe(client)
    for (const [one, other] of [[client, daemon] as const, [daemon, client] as const])
      one.on('close', () => other.destroySoon())
  }

  function keep(socket: Socket): void {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  }

  function cut(): void {
    for (const socket of sockets) socket.destroy()
  }

  async function listen(): Promise<void> {
    if (server !== null) return
    await rm(socketPath, { force: true })
    server = createServer({ allowHalfOpen: true }, pass)
    server.listen(socketPath)
    await once(server, 'listening')
  }

  /** Closing takes the socket away, unless it has another name meanwhile. */
  async function close(leavesSocket: boolean): Promise<void> {
    if (server === null) return
    if (leavesSocket) await rename(socketPath, `${socketPath}.left`)
    server.close()
    cut()
    await once(server, 'close')
    server = null
    if (leavesSocket) await rename(`${socketPath}.left`, socketPath)
  }

  await listen()
  return {
    socketPath,
    cut,
    async turn(next) {
      state = next
      if (next === 'refused') return close(true)
      if (next === 'gone') {
        await close(false)
        return rm(socketPath, { force: true })
      }
      if (next === 'silent') cut()
      return listen()
    },
    async [Symbol.asyncDispose]() {
      await close(false)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
