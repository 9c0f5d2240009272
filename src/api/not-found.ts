import { ApiError } from '../wire/errors.ts'
import { findApiRoute } from '../wire/routes.ts'

/** What a request for no route of this server is told; trying it again is no use. */
export function notFound({ method, url }: { readonly method: string; readonly url: string }): ApiError {
  const path = url.split('?')[0] ?? ''
  const route = findApiRoute(method, path)
  if (route !== null) {
    const message = `${route} is part of the API and not built in this server yet; docs/coverage.md lists what is.`
    return new ApiError('not_found', message, { code: 'not_built', shouldRetry: false })
  }
  return new ApiError('not_found', `${method} ${path.slice(0, 200)} is no route of this API.`, { shouldRetry: false })
}
