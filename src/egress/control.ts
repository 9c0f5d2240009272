import { createHash } from 'node:crypto'
import { realpath, rm, stat } from 'node:fs/promises'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createLock } from 'node:net'
import type { Server as Lock } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Gate } from './gate.ts'
import type { Permit } from './proxy-options.ts'
import { shorten } from './short-path.ts'

/** How the processes of a host tell the one proxy process what to do: HTTP on a socket that is the user's alone. */
export interface Control extends AsyncDisposable {
  /** Resolves when nobody needs the process any more: no client, no door for a while, or its folder is gone. */
  readonly unneeded: Promise<void>
}

const socketName = 'control.sock'
const graceMs = 5_000

export interface ControlOptions {
  readonly folder: string
  readonly gate: Gate
  readonly graceMs?: number
}

/** The right to be the folder's one process, until this one ends; null when another has it. */
export async function claimFolder(folder: string): Promise<Lock | null> {
  // A socket without a file goes with its process, however that ends.
  const id = createHash('sha256')
    .update(`egress ${await realpath(folder)}`)
    .digest('hex')
  const lock = createLock((socket) => socket.destroy())
  return new Promise((resolve, reject) => {
    lock.once('error', (error) => ('code' in error && error.code === 'EADDRINUSE' ? resolve(null) : reject(error)))
    lock.listen({ path: `\0longhand-${id}` }, () => resolve(lock))
  })
}

export async function startControl({ folder, gate, graceMs: grace = graceMs }: ControlOptions): Promise<Control> {
  const leases = new Set<ServerResponse>()
  let end = () => {}
  const unneeded = new Promise<void>((resolve) => (end = resolve))
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 0 }, (incoming, answer) => {
    serve({ incoming, answer, gate, leases, end: () => end() }).catch((error: unknown) => {
      answer.writeHead(500, { Connection: 'close' }).end(error instanceof Error ? error.message : String(error))
    })
  })
  const path = await shorten(folder)
  await rm(path.to(socketName), { force: true })
  await listen(server, path.to(socketName))

  const { ino } = await stat(folder)
  let since = Date.now()
  const timer = setInterval(() => {
    if (leases.size > 0 || gate.names().length > 0) since = Date.now()
    void stat(folder).then(
      (found) => found.ino !== ino && end(),
      () => end(),
    )
    if (Date.now() - since >= grace) end()
  }, grace / 4)
  return {
    unneeded,
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      await path[Symbol.asyncDispose]()
    },
  }
}

interface Asked {
  readonly incoming: IncomingMessage
  readonly answer: ServerResponse
  readonly gate: Gate
  readonly leases: Set<ServerResponse>
  readonly end: () => void
}

/**
 * `PUT`, `PATCH` (of one that is open) and `DELETE /doors/{name}`; `GET /lease` is answered for as long as the client
 * stays; `DELETE /process` is the end of the process, `DELETE /doors` that of the doors too.
 */
async function serve({ incoming, answer, gate, leases, end }: Asked): Promise<void> {
  const { method = '', url = '' } = incoming
  const name = /^\/doors\/([\w.%-]+)$/.exec(url)?.[1]
  if (method === 'GET' && url === '/lease') {
    leases.add(answer)
    answer.once('close', () => leases.delete(answer))
    answer.writeHead(200).flushHeaders()
  } else if (method === 'PUT' && name !== undefined) {
    // Sent by `connectGate`, through a socket that nobody else reaches.
    const permit = JSON.parse((await buffer(incoming)).toString()) as Permit
    answer.end(await gate.open(decodeURIComponent(name), permit))
  } else if (method === 'PATCH' && name !== undefined) {
    const permit = JSON.parse((await buffer(incoming)).toString()) as Permit
    await gate.renew(decodeURIComponent(name), permit)
    answer.writeHead(204).end()
  } else if (method === 'DELETE' && name !== undefined) {
    await gate.close(decodeURIComponent(name))
    answer.writeHead(204).end()
  } else if (method === 'DELETE' && (url === '/doors' || url === '/process')) {
    if (url === '/doors') for (const open of gate.names()) await gate.close(open)
    answer.writeHead(204).end()
    end()
  } else {
    answer.writeHead(404).end('no such thing')
  }
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
}
