import type { Agent, ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { request } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Dial } from './dial.ts'
import { createDial } from './dial.ts'
import { refuse } from './forward.ts'
import { explain, toRepositoryRefusal } from './git-refusal.ts'
import type { GitPlan } from './git-request.ts'
import { planGit } from './git-request.ts'
import type { ProxyOptions } from './proxy-options.ts'
import { Refusal, toRefusal } from './refusal.ts'
import { nameOf } from './repository-route.ts'
import { createPlainAgent, createSecureAgent } from './upstream.ts'

/** The way of git in a sandbox to the repositories of its session: their tokens are added here and are never inside. */
export interface GitRoute {
  /** Of a request whose path begins with `routePrefix`. Never rejects. */
  take(incoming: IncomingMessage, answer: ServerResponse): Promise<void>
  close(): void
}

type GitRouteOptions = Pick<ProxyOptions, 'permit' | 'dial' | 'dialAny' | 'trusted' | 'silenceMs' | 'onRefusal'>
type Repository = Extract<GitPlan, { readonly route: unknown }>

/** Without a byte in either direction. A server that works at a push says so every few seconds. */
const usualSilenceMs = 120_000
/** What passes of a request's headers; whatever proves who somebody is does not. */
const asked = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-type',
  'git-protocol',
  'pragma',
  'transfer-encoding',
  'user-agent',
])
/** And of an answer's. */
const told = new Set(['cache-control', 'content-encoding', 'content-length', 'content-type', 'expires', 'pragma'])

/**
 * Refusals come as text, which git shows as `remote: …` when it asks for the refs, and begin with the name that the wire
 * has for them. A 401 is told as a 403: for the former git would want a user name, and not show the text.
 */
export function createGitRoute(options: GitRouteOptions): GitRoute {
  const { permit, dial, trusted, onRefusal, silenceMs = usualSilenceMs } = options
  const { dialAny = createDial({ isOpen: () => true }) } = options
  const agents = { open: createAgents(dial, trusted), any: createAgents(dialAny, trusted) }

  async function send(incoming: IncomingMessage, answer: ServerResponse, { route, ending }: Repository) {
    const { url, upstream, authorization, isTrusted } = route
    const { protocol, host, hostname, port, pathname } = new URL(upstream)
    if (authorization === undefined)
      throw new Refusal(503, `the way to ${nameOf(route)} is being opened again: try again in a few seconds.`)
    const outgoing = request({
      agent: agents[isTrusted ? 'any' : 'open'][protocol === 'http:' ? 'plain' : 'secure'],
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port || (protocol === 'http:' ? 80 : 443),
      path: `${pathname}.git${ending}`,
      method: incoming.method ?? 'GET',
      headers: ['Host', host, ...only(asked, incoming), ...(authorization ? ['Authorization', authorization] : [])],
      setHost: false,
      timeout: silenceMs,
    })
    outgoing.once('timeout', () =>
      outgoing.destroy(new Refusal(504, `${new URL(url).host} said nothing for ${silenceMs / 1000} s.`)),
    )
    return exchange(incoming, outgoing, answer)
  }

  async function pass(incoming: IncomingMessage, answer: ServerResponse, plan: Repository): Promise<void> {
    try {
      const response = await send(incoming, answer, plan)
      const { statusCode: status = 502 } = response
      if (status < 200 || status >= 300) throw explain(response, plan.route)
      answer.writeHead(status, only(told, response))
      await pipeline(response, answer)
    } catch (error) {
      throw toRepositoryRefusal(error, plan.route)
    }
  }

  return {
    async take(incoming, answer) {
      const { method = '', url = '' } = incoming
      try {
        const plan = planGit(method, url, permit().repositories ?? [])
        if ('route' in plan) await pass(incoming, answer, plan)
        else answer.writeHead(307, { Location: plan.location, 'Content-Length': 0 }).end()
      } catch (error) {
        const refusal = toRefusal(error, url)
        onRefusal?.(url, refusal)
        if (answer.headersSent) answer.destroy()
        else refuse(answer, refusal)
      }
    },
    close() {
      for (const { plain, secure } of Object.values(agents)) for (const agent of [plain, secure]) agent.destroy()
    },
  }
}

function createAgents(dial: Dial, trusted: ProxyOptions['trusted']): Record<'plain' | 'secure', Agent> {
  return { plain: createPlainAgent({ dial }), secure: createSecureAgent({ dial, ...(trusted && { trusted }) }) }
}

/** Sends the body as it comes and answers the head of what comes back, which may be before the body's end. */
function exchange(
  incoming: IncomingMessage,
  outgoing: ClientRequest,
  answer: ServerResponse,
): Promise<IncomingMessage> {
  answer.once('close', () => outgoing.destroy())
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.once('error', reject)
    // It breaks off with the connection that it goes to, which is told by the answer.
    pipeline(incoming, outgoing).catch(() => {})
  })
}

function only(names: ReadonlySet<string>, { rawHeaders }: IncomingMessage): string[] {
  return rawHeaders.flatMap((name, at) =>
    at % 2 === 0 && names.has(name.toLowerCase()) ? [name, rawHeaders[at + 1] ?? ''] : [],
  )
}
