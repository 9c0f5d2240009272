import type { FastifyRequest } from 'fastify'
import { ApiError } from '../wire/errors.ts'
import type { UserEvent } from '../wire/types.ts'
import type { Caller, EnvironmentCaller, WorkCaller } from './context.ts'

const ENVIRONMENT = '/v1/environments/:id'
const ITEM = `${ENVIRONMENT}/work/:work`
const SESSION = '/v1/sessions/:id'

/** What workers alone do: to whom an item is given, the server learns from the credential. */
const FOR_WORKERS: ReadonlySet<string> = new Set([
  `GET ${ENVIRONMENT}/work/poll`,
  `POST ${ITEM}/ack`,
  `POST ${ITEM}/heartbeat`,
])

/** What serving a session takes; the SDK's worker does it with either credential. */
const SERVING = [
  `GET ${ENVIRONMENT}`,
  `POST ${ITEM}/ack`,
  `POST ${ITEM}/heartbeat`,
  `POST ${ITEM}/stop`,
  `GET ${ITEM}`,
  `GET ${SESSION}`,
  `GET ${SESSION}/events`,
  `GET ${SESSION}/events/stream`,
  `POST ${SESSION}/events`,
]

const REACH: Readonly<Record<'environment' | 'work', { readonly name: string; readonly routes: ReadonlySet<string> }>> =
  {
    environment: {
      name: 'environment key',
      routes: new Set([
        ...SERVING,
        `GET ${ENVIRONMENT}/work`,
        `GET ${ENVIRONMENT}/work/poll`,
        `GET ${ENVIRONMENT}/work/stats`,
        `POST ${ITEM}`,
      ]),
    },
    work: {
      name: 'work token',
      routes: new Set([
        ...SERVING,
        `GET ${SESSION}/threads`,
        `GET ${SESSION}/threads/:thread`,
        `GET ${SESSION}/threads/:thread/events`,
        `GET ${SESSION}/threads/:thread/stream`,
      ]),
    },
  }

/**
 * Workers get where their tables say, and a route that nobody thought of is closed to them. Which environment a session
 * belongs to is known by its row alone: that is looked at where the row is read.
 * @throws ApiError 403 that names what the credential is for, and nothing of what was asked for.
 */
export function demandReach(
  caller: Caller,
  { method, params, routeOptions: { url } }: Pick<FastifyRequest, 'method' | 'params' | 'routeOptions'>,
): void {
  if (url === undefined) return
  const route = `${method} ${url}`
  if (caller.type === 'key') {
    if (!FOR_WORKERS.has(route)) return
    throw new ApiError(
      'permission',
      'This is for the workers of the environment: use a key of longhand environments keys create.',
    )
  }
  const { name, routes } = REACH[caller.type]
  if (!routes.has(route)) throw new ApiError('permission', `A worker's ${name} does not open ${route}.`)
  if (isOwn(caller, url, params as Readonly<Record<string, string>>)) return
  const own = caller.type === 'work' ? `${caller.workId} and ${caller.sessionId}` : caller.environmentId
  throw new ApiError('permission', `This ${name} is for ${own} alone.`)
}

/**
 * A worker answers calls and says nothing else: it is what a hijacked agent reaches first. What it sends it has, so it
 * names no file of the workspace either.
 * @throws ApiError 403 for a worker's other events.
 */
export function demandResults(caller: Caller, events: readonly UserEvent[]): void {
  if (caller.type === 'key') return
  for (const [index, event] of events.entries()) {
    const isResult = event.type === 'user.tool_result' || event.type === 'user.custom_tool_result'
    if (!isResult)
      throw new ApiError('permission', `events[${index}]: a worker sends results of tools, and no ${event.type}.`)
    if (event.content?.some((block) => 'source' in block && isFile(block.source)))
      throw new ApiError('permission', `events[${index}]: a worker sends what it has, and names no file.`)
  }
}

function isFile(source: unknown): boolean {
  return typeof source === 'object' && source !== null && 'type' in source && source.type === 'file'
}

/** The names of the parameters are those of the tables' routes. */
function isOwn(
  caller: EnvironmentCaller | WorkCaller,
  url: string,
  { id, work }: Readonly<Record<string, string>>,
): boolean {
  if (url.startsWith(ENVIRONMENT))
    return (
      id === caller.environmentId && (caller.type === 'environment' || work === undefined || work === caller.workId)
    )
  return caller.type === 'environment' || id === caller.sessionId
}
