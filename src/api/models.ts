import type { FastifyInstance } from 'fastify'
import { ApiError } from '../wire/errors.ts'
import { PAGE_SIZES } from '../wire/limits.ts'
import { toModelPage } from '../wire/pages.ts'
import type { ModelInfo } from '../wire/types.ts'
import type { ApiContext } from './context.ts'

export function modelRoutes(app: FastifyInstance, { models: list, validator }: ApiContext): void {
  async function models(): Promise<readonly ModelInfo[]> {
    if (!list) throw new ApiError('not_found', 'The model back end does not list its models.', { shouldRetry: false })
    try {
      return await list()
    } catch (error) {
      throw new ApiError('unavailable', 'The model back end does not list its models; try again.', { cause: error })
    }
  }

  app.get('/v1/models', async ({ query }) =>
    toModelPage(await models(), validator.parseQuery('models.list', query), PAGE_SIZES['models.list'].default),
  )

  app.get<{ Params: { id: string } }>('/v1/models/:id', async ({ params: { id } }) => {
    const model = (await models()).find((known) => known.id === id)
    if (!model) throw new ApiError('not_found', `No model ${id}.`)
    return model
  })
}
