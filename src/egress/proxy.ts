import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import type { Forwarding } from './forward.ts'
import { forward, refuse } from './forward.ts'
import { createGitRoute } from './git-route.ts'
import { requireAllowed } from './policy.ts'
import type { ProxyOptions } from './proxy-options.ts'
import { toRefusal, toResponse } from './refusal.ts'
import { routePrefix } from './repository-route.ts'
import { parseAbsolute } from './target.ts'
import { createTunnel } from './tunnel.ts'
import { forwardUpgrade } from './upgrade.ts'
import { createPlainAgent } from './upstream.ts'

/** Of one sandbox. Its forwarder holds fewer; only what goes past that meets this limit. */
const mostConnections = 512
const usualPatienceMs = 15_000
const clientsKeptMs = 60_000

/**
 * The HTTP proxy of one sandbox, still to be told where to listen. CONNECT passes uninterpreted, but to hosts that a
 * credential is for; plain HTTP is forwarded request by request, without credentials, which never travel in the open.
 * Requests to the proxy itself are git's, for the repositories of the session.
 */
export function createProxy(options: ProxyOptions): Server {
  const { permit, onRefusal, patienceMs = usualPatienceMs } = options
  const agent = createPlainAgent(options)
  const server = createServer({
    // A client that does not come to the point is not waited for; a body may take as long as it takes.
    headersTimeout: patienceMs,
    requestTimeout: 0,
    connectionsCheckingInterval: Math.ceil(patienceMs / 3),
    keepAliveTimeout: clientsKeptMs,
  })
  server.maxConnections = mostConnections

  function planPlain(url = ''): Forwarding {
    const target = parseAbsolute(url)
    requireAllowed(permit().policy, target)
    return { target, agent, credentials: [], onRefusal: (refusal) => onRefusal?.(url, refusal) }
  }

  const tunnel = createTunnel(options)
  const git = createGitRoute(options)
  server.on('request', (incoming, answer) => {
    if (incoming.url?.startsWith(routePrefix)) return void git.take(incoming, answer)
    try {
      void forward(incoming, answer, planPlain(incoming.url))
    } catch (error) {
      const refusal = toRefusal(error, incoming.url ?? '')
      onRefusal?.(incoming.url ?? '', refusal)
      refuse(answer, refusal)
    }
  })
  // Node types the sockets of both events as streams; of a server that listens they are sockets.
  server.on('upgrade', (incoming, stream, head) => {
    const socket = stream as Socket
    socket.on('error', () => socket.destroy())
    try {
      void forwardUpgrade(incoming, { socket, head }, planPlain(incoming.url))
    } catch (error) {
      const refusal = toRefusal(error, incoming.url ?? '')
      onRefusal?.(incoming.url ?? '', refusal)
      socket.end(toResponse(refusal))
    }
  })
  server.on('connect', (incoming, stream, head) => {
    const socket = stream as Socket
    socket.on('error', () => socket.destroy())
    void tunnel.take(incoming, socket, head)
  })
  server.once('close', () => {
    agent.destroy()
    git.close()
    tunnel.close()
  })
  return server
}
