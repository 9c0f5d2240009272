import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect, createServer } from 'node:net'

/** A connection to a daemon that a test plays: our end and the daemon's, and what closes both. */
export async function openSocketPair(): Promise<{ socket: Socket; peer: Socket; close: () => void }> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('expected a port')
  const socket = connect(address.port, '127.0.0.1')
  // What the server hands over is a socket.
  const [peer] = (await once(server, 'connection')) as [Socket]
  // It may be reset, which is our end's to say.
  peer.on('error', () => {})
  const close = (): void => {
    socket.destroy()
    peer.destroy()
    server.close()
  }
  return { socket, peer, close }
}
