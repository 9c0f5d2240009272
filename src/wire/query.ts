import { ApiError } from './errors.ts'
import type { Definition, SchemaNode } from './schema.ts'

/** Sent by older clients and by `curl` examples with every request; means nothing any more. */
const IGNORED = new Set(['beta'])

/**
 * The values that a query's text stands for, by the types in its definition: decimal integers, `true` and `false`, one or
 * more texts for a list, an empty text for null. Text that stands for nothing stays as it is, for the check to refuse.
 * @param query as an HTTP server parses it: strings, and arrays of strings for repeated keys.
 */
export function toQueryValues(query: unknown, definition: Definition): Record<string, unknown> {
  if (typeof query !== 'object' || query === null) throw new ApiError('invalid_request', 'query: expected parameters')
  const values = Object.entries(query)
    .filter(([name]) => !IGNORED.has(name))
    .map(([name, text]) => [name, toValue(text, propertyOf(definition, name))] as const)
  // Through entries, not by assignment: a parameter may be called `__proto__`.
  return Object.fromEntries(values)
}

function toValue(text: unknown, node: SchemaNode | undefined): unknown {
  const types: readonly unknown[] = [node?.['type']].flat()
  if (types.includes('array')) return Array.isArray(text) ? text : [text]
  if (typeof text !== 'string') return text
  if (types.includes('null') && text === '') return null
  if (types.includes('integer') && /^-?\d{1,15}$/.test(text)) return Number(text)
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

function propertyOf(definition: Definition, name: string): SchemaNode | undefined {
  const { properties = {} } = definition
  return Object.hasOwn(properties, name) ? properties[name] : undefined
}
