import type { IncomingMessage } from 'node:http'
import type { RepositoryErrorType } from '../wire/types.ts'
import { Refusal, toRefusal } from './refusal.ts'
import type { RepositoryRoute } from './repository-route.ts'
import { nameOf } from './repository-route.ts'

/**
 * What a repository's server refused, as a sentence behind the wire's name for it. What the server says itself is not
 * passed on: it may repeat what it was sent.
 */
export function explain({ statusCode = 502, headers }: IncomingMessage, route: RepositoryRoute): Refusal {
  const { host } = new URL(route.url)
  const name = nameOf(route)
  const hasToken = typeof route.authorization === 'string'
  switch (statusCode) {
    case 401:
      return refusal(403, 'repository_authentication_error', [
        hasToken
          ? `${host} refused the token of ${name} (401). It may have expired.`
          : `${host} wants a token for ${name} (401), and there is none.`,
        'The client of the session can give it another one.',
      ])
    case 403:
      return refusal(403, 'repository_forbidden_error', [
        hasToken
          ? `${host} does not let the token of ${name} do this (403).`
          : `${host} lets nobody do this without a token for ${name} (403).`,
      ])
    case 404:
      return refusal(404, 'repository_not_found_error', [
        `${host} has no ${name}, or does not show it to ${hasToken ? 'its token' : 'who has no token'} (404).`,
      ])
    default:
      return refusal(502, 'repository_clone_error', [
        `${host} answered ${statusCode} for ${name}.`,
        ...(headers.location === undefined ? [] : [`It points to ${placeOf(headers.location)}, where no token goes.`]),
      ])
  }
}

/** What any failure on the way to a repository comes to. */
export function toRepositoryRefusal(error: unknown, { url }: RepositoryRoute): Refusal {
  if (error instanceof Refusal && /^repository_\w+_error: /.test(error.message)) return error
  const { status, message } = toRefusal(error, new URL(url).host)
  const isOurs = status === 503 || status === 504
  return new Refusal(isOurs ? status : 502, `repository_clone_error: ${message}`, { cause: error })
}

function refusal(status: number, type: RepositoryErrorType, sentences: readonly string[]): Refusal {
  return new Refusal(status, `${type}: ${sentences.join(' ')}`)
}

/** Host and path: what stands behind them, or in front, may be a secret. */
function placeOf(location: string): string {
  if (!URL.canParse(location)) return 'another place'
  const { host, pathname } = new URL(location)
  return `${host}${pathname.replace(/(?:\.git)?\/(?:info\/refs|git-(?:upload|receive)-pack)$/, '')}`.slice(0, 200)
}
