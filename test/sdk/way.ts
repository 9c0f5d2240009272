import { once } from 'node:events'
import type { Server } from 'node:net'
import { connect, createServer } from 'node:net'

/** A Unix socket by its path, or a port of this machine. */
type Place = { readonly path: string } | { readonly port: number; readonly host: '127.0.0.1' }

/** Whatever is said to the first place is said to the second one, and answered from there. */
export async function openWay(from: Place, to: Place): Promise<Server> {
  const server = createServer((inside) => {
    const outside = connect(to)
    for (const end of [inside, outside]) end.on('error', () => [inside, outside].forEach((each) => each.destroy()))
    inside.pipe(outside).pipe(inside)
  })
  server.listen(from)
  await once(server, 'listening')
  return server
}
