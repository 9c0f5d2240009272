import { Ajv } from 'ajv'
import { ApiError } from './errors.ts'
import { explain } from './explain.ts'
import { FORMATS } from './formats.ts'
import { applyLimits } from './limits.ts'
import { toQueryValues } from './query.ts'
import { DEFINITIONS } from './requests.ts'
import type { Bodies, Queries, Requests } from './requests.ts'
import { RULES } from './rules.ts'
import { WIRE_SCHEMA } from './schema.ts'
import { inspect } from './storable.ts'

export interface Validator {
  /**
   * A parsed JSON body as the route's type; values are taken as they are, never coerced.
   * @throws ApiError 400 that names the path, what was expected and what came.
   */
  parseBody<Route extends keyof Bodies>(route: Route, body: unknown): Bodies[Route]
  /**
   * A query as the HTTP server parsed it (strings, arrays of strings for repeated keys) as the route's type. Numbers,
   * booleans and lists are read from their text; `beta`, which older clients send, is ignored.
   * @throws ApiError 400, as for a body.
   */
  parseQuery<Route extends keyof Queries>(route: Route, query: unknown): Queries[Route]
}

/** Larger requests are told their first problem only: collecting all of them could cost more than the request. */
const MAX_EXPLAINED = 5_000

const SCHEMA = applyLimits(WIRE_SCHEMA)

/** One object per route for ever: ajv finds what it compiled by the identity of the schema. */
const REFERENCES = Object.fromEntries(
  Object.entries(DEFINITIONS).map(([route, definition]) => [route, { $ref: `wire#/definitions/${definition}` }]),
  // True because the entries are made from a record with just these keys.
) as Record<keyof Requests, { readonly $ref: string }>

/** Compiles a route's check at its first use and keeps it; build one validator per process. */
export function createValidator(): Validator {
  const first = createAjv(false)
  const all = createAjv(true)

  function check<Route extends keyof Requests>(route: Route, value: unknown, size: number): Requests[Route] {
    // The type argument is true because the definition of this name is generated from that type.
    const isRequest = first.compile<Requests[Route]>(REFERENCES[route])
    if (!isRequest(value)) {
      const explaining = size > MAX_EXPLAINED ? isRequest : all.compile(REFERENCES[route])
      explaining(value)
      throw new ApiError('invalid_request', explain(explaining.errors ?? [], SCHEMA))
    }
    const problems = RULES[route]?.(value) ?? []
    if (problems.length > 0) throw new ApiError('invalid_request', problems.slice(0, 3).join('; '))
    return value
  }

  return {
    parseBody(route, body) {
      if (body === undefined) throw new ApiError('invalid_request', 'body: expected a JSON object, got nothing')
      const { problem, size } = inspect(body)
      if (problem !== null) throw new ApiError('invalid_request', problem)
      return check(route, body, size)
    },
    parseQuery(route, query) {
      const values = toQueryValues(query, SCHEMA.definitions[DEFINITIONS[route]] ?? {})
      return check(route, values, Object.values(values).flat().length)
    },
  }
}

function createAjv(allErrors: boolean): Ajv {
  const ajv = new Ajv({ allErrors, discriminator: true, verbose: true, strictTypes: false, allowUnionTypes: true })
  for (const [name, format] of Object.entries(FORMATS)) ajv.addFormat(name, format.accepts)
  return ajv.addSchema(SCHEMA, 'wire')
}
