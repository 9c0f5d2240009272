import type { Server } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { ApiError } from '../wire/errors.ts'
import { refuseConnection, refuseExpectation } from './refusals.ts'

/** How long a request may take to arrive whole, and its head alone: a sender that drips bytes holds nothing for ever. */
export const ARRIVAL_LIMITS = { requestTimeout: 120_000, headersTimeout: 30_000 } as const

/** Headers of which Node keeps the first and drops the others, so that what stands before us may have read another. */
const SINGLE = ['authorization', 'content-type', 'host']

/** Takes over what Node's HTTP server answers on its own, in its own words or not at all. */
export function guardServer(server: Server): void {
  server.on('connect', (request, socket) => refuseConnection(new Error(`${request.method} is not served`), socket))
  server.on('checkExpectation', refuseExpectation)
}

/**
 * Refuses what parses as HTTP and still cannot be trusted to mean one thing.
 * @throws ApiError 400 for another version of HTTP, a missing host, or a header that counts once and came twice.
 */
export function demandPlainHttp({ raw }: FastifyRequest): void {
  if (raw.httpVersion !== '1.1' && raw.httpVersion !== '1.0') {
    throw new ApiError('invalid_request', `expected HTTP/1.1, got HTTP/${raw.httpVersion}`)
  }
  if (raw.httpVersion === '1.1' && raw.headers.host === undefined) {
    throw new ApiError('invalid_request', 'host: required, but missing')
  }
  const names = raw.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
  const repeated = SINGLE.find((name) => names.indexOf(name) !== names.lastIndexOf(name))
  if (repeated !== undefined) throw new ApiError('invalid_request', `${repeated}: expected once, got it several times`)
}
