import type { Agent } from 'node:http'
import { request } from 'node:http'
import type { FuzzRequest } from './fuzz-request.ts'

export interface FuzzAnswer {
  readonly status: number
  readonly type: string
  readonly requestId: string | undefined
  /** Empty for a stream, which is left as soon as it opens. */
  readonly text: string
}

/** `error.type` of each status that may be refused with, by `api.md` H.1. */
const REFUSALS: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
}

/** What no answer may hold: places on the machine, stacks, words of the store. A queue's route may be named. */
const SECRETS =
  /node_modules|\n\s+at |(?<!\/v1\/environments\/[^/]*)[\\/](?:src|work|home|usr|tmp|root)[\\/]\w|\.(?:ts|js):\d|SELECT |insert into|kysely|postgres/i

/** Sends a request as it is and reads the answer. */
export function send(base: string, { method, path, headers, body }: FuzzRequest, agent: Agent): Promise<FuzzAnswer> {
  const { hostname, port } = new URL(base)
  const length: Record<string, string> = body ? { 'content-length': String(body.length) } : {}
  return new Promise((resolve, reject) => {
    const sent = request({ host: hostname, port, method, path, agent, headers: { ...length, ...headers } })
    sent.once('error', reject)
    sent.once('response', (response) => {
      const { statusCode: status = 0, headers: told } = response
      const [type, requestId] = [told['content-type'] ?? '', told['request-id']]
      const answer = { status, type, requestId: Array.isArray(requestId) ? requestId.join() : requestId }
      if (type.startsWith('text/event-stream')) {
        response.destroy()
        resolve({ ...answer, text: '' })
        return
      }
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () => resolve({ ...answer, text: Buffer.concat(chunks).toString('utf8') }))
    })
    sent.end(body ?? undefined)
  })
}

/** What is wrong with an answer, in words; nothing for a good one. `secrets` must not be told to anybody. */
export function problemsOf(answer: FuzzAnswer, secrets: readonly string[]): string[] {
  const { status, type, requestId, text } = answer
  const problems: string[] = []
  if (!/^req_01\w+$/.test(requestId ?? '')) problems.push('no request-id')
  if (status === 200) {
    if (!/^(?:application\/json|text\/event-stream)\b/.test(type)) problems.push(`content-type ${type}`)
    return problems
  }
  const expected = REFUSALS[status]
  if (expected === undefined) problems.push(`status ${status} is not documented`)
  if (!isStandardError(text, expected, requestId)) problems.push('not the standard error')
  if (SECRETS.test(text)) problems.push('tells what is inside')
  if (secrets.some((secret) => text.includes(secret))) problems.push('tells a secret')
  return problems
}

function isStandardError(text: string, type: string | undefined, requestId: string | undefined): boolean {
  const body = parse(text)
  if (typeof body !== 'object' || body === null || !('error' in body) || !('request_id' in body)) return false
  const { error, request_id: id } = body
  if (typeof error !== 'object' || error === null || !('type' in error) || !('message' in error)) return false
  return error.type === type && typeof error.message === 'string' && error.message !== '' && id === requestId
}

export function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
