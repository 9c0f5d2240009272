import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { WorkOutcome } from '../store/work.ts'
import { ApiError } from '../wire/errors.ts'
import { PAGE_SIZES } from '../wire/limits.ts'
import { patchMetadata } from '../wire/metadata.ts'
import { decodeCursor, encodeCursor, toPage } from '../wire/pages.ts'
import type { WorkHeartbeat, WorkUpdate } from '../wire/types.ts'
import type { ApiContext, Caller } from './context.ts'
import { fromCreated, isCreatedPosition } from './created.ts'
import { readEnvironment } from './environments.ts'
import { toHeartbeat, toLeaseState, toStats, toWork } from './work-object.ts'
import { pollWork } from './work-poll.ts'
import { releaseSpare } from './work-release.ts'

type OfEnvironment = { Params: { id: string } }
type OfItem = { Params: { id: string; work: string } }

/** The work queue of self-hosted environments. Who may do what is `demandReach`'s concern. */
export function workRoutes(app: FastifyInstance, context: ApiContext): void {
  const { validator, work } = context

  app.get<OfEnvironment>('/v1/environments/:id/work/poll', (request, reply) => pollWork(context, request, reply))

  app.get<OfEnvironment>('/v1/environments/:id/work/stats', async ({ params: { id }, caller }) => {
    await demandSelfHosted(context, caller, id)
    return toStats(await work.stats(id))
  })

  app.get<OfEnvironment>('/v1/environments/:id/work', async ({ params: { id }, query, caller }) => {
    const { limit = PAGE_SIZES['work.list'].default, page } = validator.parseQuery('work.list', query)
    await demandSelfHosted(context, caller, id)
    const scope = { workspaceId: caller.workspaceId, resource: `work/${id}`, order: 'desc' } as const
    const from = page ? { from: fromCreated(decodeCursor(scope, page, isCreatedPosition)) } : {}
    const rows = await work.list(id, { limit: limit + 1, ...from })
    const items = rows.map((item) => toWork(item))
    return toPage({ rows: items, limit, cursorAfter: (item) => encodeCursor(scope, [item.created_at, item.id]) })
  })

  app.get<OfItem>('/v1/environments/:id/work/:work', async ({ params, caller }) => {
    await demandSelfHosted(context, caller, params.id)
    return toWork((await work.read(keyOf(params))) ?? missing(params.work))
  })

  app.post<OfItem>('/v1/environments/:id/work/:work', async ({ params, body, caller }) => {
    const { metadata } = parseUpdate(context, body)
    await demandSelfHosted(context, caller, params.id)
    const item = await work.update(keyOf(params), (stored) => patchMetadata(stored, metadata))
    return toWork(item ?? missing(params.work))
  })

  app.post<OfItem>('/v1/environments/:id/work/:work/ack', async ({ params, caller, attempt: { isRetry, retry } }) => {
    const acknowledgement = { ...holderOf(caller), isRetry, saysRetry: retry > 0 }
    const { item, done } = demandItem(await work.ack(keyOf(params), acknowledgement), params.work)
    if (done) return toWork(item)
    const why = item.polledAt === null ? 'nobody has polled it' : 'another worker may have it'
    throw new ApiError('conflict', `${item.id} is ${item.state} and cannot be acknowledged: ${why}.`)
  })

  app.post<OfItem>('/v1/environments/:id/work/:work/heartbeat', (request) => beat(context, request))

  app.post<OfItem>('/v1/environments/:id/work/:work/stop', async ({ params, body, caller }) => {
    const { force = false } = body === undefined ? {} : validator.parseBody('work.stop', body)
    await demandSelfHosted(context, caller, params.id)
    const by = caller.type === 'key' ? 'operator' : 'worker'
    const stopped = await work.stop(keyOf(params), { ...holderOf(caller), force, by })
    const { item, done } = demandItem(stopped, params.work)
    if (done) return toWork(item)
    const why = item.state === 'stopped' ? 'is stopped already' : "is another worker's by now"
    throw new ApiError('conflict', `${item.id} ${why}.`)
  })
}

async function beat(context: ApiContext, request: FastifyRequest<OfItem>): Promise<WorkHeartbeat> {
  const { params, caller, attempt } = request
  const { validator, work, workTimes } = context
  const query = validator.parseQuery('work.heartbeat', request.query)
  const { expected_last_heartbeat: expected, desired_ttl_seconds: desired } = query
  const ttlMs = desired ? desired * 1_000 : workTimes.lease
  const heartbeat = { ...holderOf(caller), ...(expected ? { expected } : {}), ttlMs, isRetry: attempt.isRetry }
  const { item, done } = demandItem(await work.beat(keyOf(params), heartbeat), params.work)
  if (done) return toHeartbeat(await releaseSpare(context, item), ttlMs)
  const message = `expected_last_heartbeat: is not that of ${item.id}; another worker may hold it`
  const details = { current_state: toLeaseState(item, workTimes.lease) }
  throw new ApiError('precondition', message, { code: 'heartbeat_precondition_failed', details })
}

/** The key of a worker is for a self-hosted environment, which stays what it is. */
async function demandSelfHosted(context: ApiContext, caller: Caller, id: string): Promise<void> {
  if (caller.type !== 'key') return
  const { config } = await readEnvironment(context, caller, id)
  if (config.type === 'self_hosted') return
  throw new ApiError('invalid_request', `${id} is a cloud environment: it has no work for workers of yours`)
}

function parseUpdate({ validator }: ApiContext, body: unknown): WorkUpdate {
  try {
    return validator.parseBody('work.update', body)
  } catch (error) {
    if (!(error instanceof ApiError) || !error.message.startsWith('metadata')) throw error
    throw new ApiError('invalid_request', error.message, { code: 'invalid_metadata', cause: error })
  }
}

function keyOf({ id, work }: OfItem['Params']): { environmentId: string; id: string } {
  return { environmentId: id, id: work }
}

function holderOf(caller: Caller): { attempt?: number } {
  return caller.type === 'work' ? { attempt: caller.attempt } : {}
}

function demandItem(outcome: WorkOutcome, id: string): NonNullable<WorkOutcome> {
  return outcome ?? missing(id)
}

function missing(id: string): never {
  throw new ApiError('not_found', `No work item ${id}.`)
}
