import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket, createSecureContext } from 'node:tls'
import type { Forwarding } from './forward.ts'
import { forward, refuse } from './forward.ts'
import { allows } from './policy.ts'
import type { ProxyOptions } from './proxy-options.ts'
import { Refusal, toRefusal, toResponse } from './refusal.ts'
import type { Target } from './target.ts'
import { hostOf } from './target.ts'
import { forwardUpgrade } from './upgrade.ts'
import { createSecureAgent } from './upstream.ts'

/** What happens to connections to hosts that a credential is for: TLS ends here and begins anew behind the secret. */
export interface Interception {
  /** A client that was told that its connection to the target stands. */
  take(socket: Socket, target: Target): void
  close(): void
}

const handshakeMs = 15_000

export function createInterception(
  options: Pick<ProxyOptions, 'permit' | 'authority' | 'dial' | 'trusted'>,
): Interception {
  const { permit, authority } = options
  const agent = createSecureAgent(options)
  const targets = new WeakMap<object, Target>()
  const server = createServer({ headersTimeout: handshakeMs, requestTimeout: 0, keepAliveTimeout: 60_000 })

  /** One connection is for one host: else an allowed name would lead to another's content. */
  function plan(incoming: IncomingMessage): Forwarding {
    const target = targets.get(incoming.socket)
    if (target === undefined) throw new Error('expected a connection that was taken')
    const { headers, url = '/' } = incoming
    const named = hostOf(headers.host ?? '')
    if (named !== target.host)
      throw new Refusal(
        421,
        `This connection was opened to ${target.host}: requests to ${named} need one of their own.`,
      )
    if (!url.startsWith('/')) throw new Refusal(400, 'Inside a CONNECT a request names the path alone.')
    const credentials = permit().credentials.filter(({ policy }) => allows(policy, target.host))
    return { target: { ...target, path: url }, agent, credentials }
  }

  server.on('request', (incoming, answer) => {
    try {
      void forward(incoming, answer, plan(incoming))
    } catch (error) {
      refuse(answer, toRefusal(error, incoming.headers.host ?? ''))
    }
  })
  server.on('upgrade', (incoming, stream, head) => {
    // A connection that was taken is a TLS socket.
    const socket = stream as TLSSocket
    try {
      void forwardUpgrade(incoming, { socket, head }, plan(incoming))
    } catch (error) {
      socket.end(toResponse(toRefusal(error, incoming.headers.host ?? '')))
    }
  })

  return {
    take(socket, target) {
      const secureContext = createSecureContext(authority().issue(target.host))
      const secure = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] })
      targets.set(secure, target)
      const timer = setTimeout(() => secure.destroy(), handshakeMs)
      secure.once('secure', () => {
        clearTimeout(timer)
        server.emit('connection', secure)
      })
      secure.on('error', () => secure.destroy())
      secure.once('close', () => {
        clearTimeout(timer)
        socket.destroy()
      })
    },
    close() {
      agent.destroy()
      server.close()
    },
  }
}
