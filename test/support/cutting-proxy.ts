import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'

/** A TCP proxy that ends a connection in the middle of an answer. */
export interface CuttingProxy extends AsyncDisposable {
  readonly url: string
  /** Of the next answer only so many bytes get through before both connections end; 0 is none of it. */
  cutNext(bytes: number): void
  /** Whether the cut that was asked for last has happened. */
  readonly hasCut: boolean
  /** Bytes that have come from behind it. */
  readonly received: number
}

export async function openCuttingProxy(behind: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(behind)
  const sockets = new Set<Socket>()
  let left: number | null = null
  let received = 0

  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    const ends = [client, upstream]
    for (const socket of ends) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        // What has come from one side before it left is for the other all the same.
        for (const end of ends) end.destroySoon()
      })
    }
    client.on('data', (chunk: Buffer) => upstream.write(chunk))
    upstream.on('data', (chunk: Buffer) => {
      received += chunk.length
      if (left === null) return void client.write(chunk)
      const passed = chunk.subarray(0, left)
      left -= passed.length
      if (left > 0) return void client.write(passed)
      left = null
      // What is to get through must have left before the connection ends.
      client.end(passed, () => client.destroy())
      return undefined
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    cutNext(bytes) {
      left = bytes
    },
    get hasCut() {
      return left === null
    },
    get received() {
      return received
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
