import { Agent } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureContextOptions } from 'node:tls'
import { connect } from 'node:tls'
import type { Dial } from './dial.ts'
import { Refusal } from './refusal.ts'
import type { Target } from './target.ts'

export interface UpstreamOptions {
  readonly dial: Dial
  /** What is trusted beside what Node trusts, for the tests' own servers. */
  readonly trusted?: SecureContextOptions['ca']
  /** How long an idle connection is kept; default 4 s. */
  readonly keptMs?: number
}

const mostKept = 16
/** Less than servers keep idle connections: one that the server closes meanwhile would fail the next request. */
const usuallyKeptMs = 4_000
const handshakeMs = 15_000

/** An agent whose connections are dialled by us: to addresses that were looked at, and kept for the next request. */
export function createPlainAgent({ dial, keptMs }: UpstreamOptions): Agent {
  return createAgent(async (target) => closing(await dial(target)), keptMs)
}

/** The same, with TLS; the target has to prove its name. */
export function createSecureAgent({ dial, trusted, keptMs }: UpstreamOptions): Agent {
  return createAgent(async (target) => secure(closing(await dial(target)), target, trusted), keptMs)
}

function createAgent(open: (target: Target) => Promise<Duplex>, keptMs = usuallyKeptMs): Agent {
  // Of a connection in use nothing comes of the time-out but an event that nobody listens to.
  const agent = new Agent({ keepAlive: true, maxFreeSockets: mostKept, timeout: keptMs })
  agent.createConnection = ({ host, port }, done) => {
    // Node passes no socket along with an error, whatever the type says.
    if (done) void hand(open({ host: host ?? '', port: Number(port) }), done as Done)
    return undefined
  }
  return agent
}

/** A connection that the server ends is not to be used again: only a tunnel goes on in the other direction. */
function closing(socket: Socket): Socket {
  socket.allowHalfOpen = false
  return socket
}

type Done = (error: unknown, socket?: Duplex) => void

async function hand(opening: Promise<Duplex>, done: Done): Promise<void> {
  let socket: Duplex
  try {
    socket = await opening
  } catch (error) {
    done(error)
    return
  }
  done(null, socket)
}

function secure(socket: Duplex, { host }: Target, ca: SecureContextOptions['ca']): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const stream = connect({ socket, servername: host, ALPNProtocols: ['http/1.1'], ...(ca && { ca }) })
    const timer = setTimeout(() => stream.destroy(new Error('no handshake')), handshakeMs)
    const onError = (cause: Error) => {
      clearTimeout(timer)
      socket.destroy()
      reject(new Refusal(502, `No trusted connection to ${host} came about (${codeOf(cause)}).`, { cause }))
    }
    stream.once('error', onError)
    stream.once('secureConnect', () => {
      clearTimeout(timer)
      stream.off('error', onError)
      resolve(stream)
    })
  })
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
