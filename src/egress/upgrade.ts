import type { IncomingMessage } from 'node:http'
import { ServerResponse, request } from 'node:http'
import type { Socket } from 'node:net'
import type { Forwarding } from './forward.ts'
import { passedOn, refuse, toHeaders } from './forward.ts'
import { joinConnections } from './join.ts'
import { toRefusal } from './refusal.ts'

/** As `forward`, for a request to go over to another protocol, such as WebSocket. Never rejects. */
export async function forwardUpgrade(
  incoming: IncomingMessage,
  { socket, head }: { readonly socket: Socket; readonly head: Buffer },
  options: Forwarding,
): Promise<void> {
  const answer = new ServerResponse(incoming)
  answer.assignSocket(socket)
  const { upgrade = '' } = incoming.headers
  const headers = [...toHeaders(incoming.rawHeaders, options), 'Connection', 'Upgrade', 'Upgrade', upgrade]
  const { agent, target } = options
  const { host, port, path } = target
  const outgoing = request({ agent, host, port, path, method: incoming.method ?? 'GET', headers, setHost: false })
  socket.once('close', () => outgoing.destroy())
  await new Promise<void>((resolve) => {
    outgoing.once('error', (error) => {
      const refusal = toRefusal(error, host)
      if (!socket.destroyed) options.onRefusal?.(refusal)
      refuse(answer, refusal)
      answer.once('finish', () => socket.end())
      resolve()
    })
    // The other side keeps to the protocol that it has.
    outgoing.once('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, response.statusMessage, [
        ...passedOn(response.rawHeaders),
        'Connection',
        'close',
      ])
      response.pipe(answer)
      answer.once('finish', () => socket.end())
      resolve()
    })
    outgoing.once('upgrade', (response, outside: Socket, first) => {
      answer.detachSocket(socket)
      const lines = response.rawHeaders.flatMap((name, at, raw) => (at % 2 === 0 ? [`${name}: ${raw[at + 1]}`] : []))
      socket.write(`HTTP/1.1 101 ${response.statusMessage}\r\n${lines.join('\r\n')}\r\n\r\n`)
      if (first.length > 0) outside.unshift(first)
      if (head.length > 0) socket.unshift(head)
      joinConnections(socket, outside)
      resolve()
    })
    outgoing.end()
  })
}
