import type { FastifyInstance } from 'fastify'
import { ApiError } from '../wire/errors.ts'
import { toOnlyPage } from '../wire/pages.ts'
import type { SessionResource } from '../wire/types.ts'
import { refuseUnsupported } from '../wire/unsupported.ts'
import type { ApiContext, Caller } from './context.ts'
import { readRow } from './read-log.ts'

type ById = { Params: { id: string } }
type OfResource = { Params: { id: string; resource: string } }

/** No session has resources yet: none is there to be found, and adding one is refused as creating a session with one is. */
export function resourceRoutes(app: FastifyInstance, context: ApiContext): void {
  const { validator } = context

  async function missing({ id, resource }: OfResource['Params'], caller: Caller): Promise<never> {
    const row = await readRow(context, caller, id)
    throw new ApiError('not_found', `No resource ${resource} in session ${row.id}.`)
  }

  app.get<ById>('/v1/sessions/:id/resources', async ({ params: { id }, query, caller }) => {
    const { page } = validator.parseQuery('resources.list', query)
    await readRow(context, caller, id)
    return toOnlyPage<SessionResource>([], page)
  })

  app.post<ById>('/v1/sessions/:id/resources', async ({ params: { id }, body, caller }) => {
    validator.parseBody('resources.add', body)
    await readRow(context, caller, id)
    refuseUnsupported(['resources'])
  })

  app.get<OfResource>('/v1/sessions/:id/resources/:resource', ({ params, caller }) => missing(params, caller))

  app.post<OfResource>('/v1/sessions/:id/resources/:resource', ({ params, body, caller }) => {
    validator.parseBody('resources.update', body)
    return missing(params, caller)
  })

  app.delete<OfResource>('/v1/sessions/:id/resources/:resource', ({ params, caller }) => missing(params, caller))
}
