import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Gate {
  /** The server's URL, through the gate. */
  readonly url: string
  /** Breaks every connection and refuses new ones, as a server that is down does. */
  close(): Promise<void>
  open(): Promise<void>
}

/** A port in front of the server at `url` that a test can close and open again. */
export async function openGate(url: string): Promise<Gate> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(target.port || '5432'), target.hostname)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('close', () => sockets.delete(from) && to.destroy())
      from.on('error', () => to.destroy())
      from.pipe(to)
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a port')
  const through = new URL(url)
  through.host = `127.0.0.1:${address.port}`

  async function close(): Promise<void> {
    if (!server.listening) return
    server.close()
    for (const socket of sockets) socket.destroy()
    await once(server, 'close')
  }
  onTestFinished(close)
  return {
    url: through.href,
    close,
    async open() {
      await once(server.listen(address.port, '127.0.0.1'), 'listening')
    },
  }
}
