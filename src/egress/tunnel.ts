import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { createInterception } from './intercept.ts'
import { joinConnections } from './join.ts'
import { allows, requireAllowed } from './policy.ts'
import type { ProxyOptions } from './proxy-options.ts'
import { toRefusal, toResponse } from './refusal.ts'
import { parseAuthority } from './target.ts'

/** What happens to CONNECT. */
export interface Tunnel {
  /** `head` is what the client has sent behind its request. Never rejects. */
  take(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void>
  close(): void
}

/** Connections pass uninterpreted, but to hosts that a credential is for. */
export function createTunnel(options: ProxyOptions): Tunnel {
  const { permit, dial, onRefusal } = options
  const interception = createInterception(options)
  return {
    async take({ url = '' }, socket, head) {
      try {
        const target = parseAuthority(url)
        const { policy, credentials } = permit()
        requireAllowed(policy, target)
        const isWanted = target.port === 443 && credentials.some((credential) => allows(credential.policy, target.host))
        const outside = isWanted ? null : await dial(target)
        if (socket.destroyed) return void outside?.destroy()
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        if (head.length > 0) socket.unshift(head)
        if (outside === null) interception.take(socket, target)
        else joinConnections(socket, outside)
      } catch (error) {
        const refusal = toRefusal(error, url)
        onRefusal?.(url, refusal)
        socket.end(toResponse(refusal))
      }
    },
    close: () => interception.close(),
  }
}
