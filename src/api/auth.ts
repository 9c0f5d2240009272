import type { IncomingHttpHeaders } from 'node:http'
import { ApiError } from '../wire/errors.ts'
import type { Caller, Callers } from './context.ts'

/**
 * The caller behind a request. Clients send their key as a bearer token or as `x-api-key`; who sends both must mean the
 * same key. A workspace may be named only if it is the key's own.
 */
export async function authenticate(headers: IncomingHttpHeaders, callers: Callers): Promise<Caller> {
  const [secret, second] = [...new Set([bearerOf(headers.authorization), single(headers['x-api-key'])])].filter(
    (key) => key !== undefined,
  )
  if (secret === undefined) {
    throw new ApiError(
      'authentication',
      'Expected an API key as "authorization: Bearer …" or "x-api-key: …", got none.',
    )
  }
  const caller = second === undefined ? await callers.verify(secret) : null
  if (!caller) throw new ApiError('authentication', 'The API key is not valid.')
  const workspace = single(headers['anthropic-workspace-id'])
  if (workspace !== undefined && workspace !== caller.workspaceId) {
    throw new ApiError('permission', 'The API key does not open the workspace named in anthropic-workspace-id.')
  }
  return caller
}

function bearerOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  return /^bearer +(\S+) *$/i.exec(header)?.[1] ?? ''
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header
}
