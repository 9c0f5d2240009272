import type { ErrorObject } from 'ajv'
import { FORMATS } from './formats.ts'
import type { WireSchema } from './schema.ts'

const MAX_PROBLEMS = 3
const MAX_QUOTE = 40
const MAX_CHOICES = 12

/** Keywords whose error only says that another one, reported as well, did not hold. */
const FOLLOWERS = new Set(['if', 'propertyNames'])

/** What the published pages say of an empty one of these lists. */
const EMPTY_DOMAINS =
  'Empty list of domains is ambiguous: leave the field out to restrict nothing, or name at least one domain'

const PATTERN_WORDS: Readonly<Record<string, string>> = { '\\S': 'text that is not blank' }

const LIMIT_WORDS: Readonly<Record<string, string>> = {
  minLength: 'at least # characters',
  maxLength: 'at most # characters',
  minItems: 'at least # items',
  maxItems: 'at most # items',
  maxProperties: 'at most # pairs',
  minimum: 'at least #',
  maximum: 'at most #',
}

/**
 * The checker's errors as one message: `path: expected …, got …`, at most three, joined by semicolons. Quotes from the
 * input are short and only where a choice was to be made, so that no secret or blob comes back.
 */
export function explain(errors: readonly ErrorObject[], schema: WireSchema): string {
  const mistyped = new Set(errors.filter((error) => error.keyword === 'type').map((error) => error.instancePath))
  const leading = errors.filter(
    ({ keyword, instancePath }) => !FOLLOWERS.has(keyword) && (keyword === 'type' || !mistyped.has(instancePath)),
  )
  const problems = [...new Set(leading.map((error) => explainOne(error, schema)))]
  const shown = problems.slice(0, MAX_PROBLEMS).join('; ')
  return problems.length > MAX_PROBLEMS ? `${shown}; and ${problems.length - MAX_PROBLEMS} more` : shown
}

function explainOne(error: ErrorObject, schema: WireSchema): string {
  const { keyword, params, data } = error
  const path = toPath(error.instancePath)
  if (keyword === 'required') return `${join(path, params['missingProperty'])}: required, but missing`
  if (keyword === 'additionalProperties') return `${join(path, params['additionalProperty'])}: unknown field`
  if (error.propertyName !== undefined)
    return `${join(path, error.propertyName)}: expected a key of ${expectation(error)}`
  if (keyword === 'discriminator') return explainTag(error, schema)
  if (keyword === 'type') return `${path}: expected ${[params['type']].flat().join(' or ')}, got ${kindOf(data)}`
  if (keyword === 'enum') return `${path}: expected ${listOf(params['allowedValues'])}, got ${quote(data)}`
  if (keyword === 'const') return `${path}: expected ${quote(params['allowedValue'])}, got ${quote(data)}`
  if (keyword === 'uniqueItems') return `${join(path, Math.max(params['i'], params['j']))}: expected no item twice`
  if (keyword === 'minItems' && path.endsWith('_domains')) return `${path}: ${EMPTY_DOMAINS}`
  return `${path}: expected ${expectation(error)}, got ${measure(error)}`
}

function explainTag(error: ErrorObject, schema: WireSchema): string {
  const tag = String(error.params['tag'])
  const branches: readonly unknown[] = error.parentSchema?.['oneOf'] ?? []
  const allowed = branches.map((branch) => definitionOf(branch, schema)?.properties?.[tag]?.['const'])
  return `${join(toPath(error.instancePath), tag)}: expected ${listOf(allowed)}, got ${quote(error.params['tagValue'])}`
}

function definitionOf(branch: unknown, schema: WireSchema): WireSchema['definitions'][string] | undefined {
  if (typeof branch !== 'object' || branch === null || !('$ref' in branch)) return undefined
  return schema.definitions[String(branch.$ref).replace('#/definitions/', '')]
}

function expectation({ keyword, params }: ErrorObject): string {
  const words = LIMIT_WORDS[keyword]
  if (words !== undefined) return words.replace('#', String(params['limit']))
  if (keyword === 'format') return FORMATS[String(params['format'])]?.expected ?? String(params['format'])
  if (keyword === 'pattern') return PATTERN_WORDS[params['pattern']] ?? `text that matches ${params['pattern']}`
  return keyword
}

function measure({ keyword, params, data }: ErrorObject): string {
  if (keyword === 'format' && FORMATS[String(params['format'])]?.isPrivate === true) return 'something else'
  if (typeof data === 'string') return keyword.endsWith('Length') ? String(countCharacters(data)) : quote(data)
  if (Array.isArray(data)) return String(data.length)
  if (typeof data === 'object' && data !== null) return String(Object.keys(data).length)
  return quote(data)
}

/** As the checker counts, by code points; without a list of them, because the text may be the whole body. */
function countCharacters(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1) count++
  return count
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

function quote(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') return kindOf(value)
  return JSON.stringify(value.length > MAX_QUOTE ? `${value.slice(0, MAX_QUOTE)}…` : value)
}

function listOf(values: unknown): string {
  const list = (Array.isArray(values) ? values : []).map(quote)
  if (list.length === 1) return list.join()
  const rest = list.length > MAX_CHOICES ? `, … (${list.length} in all)` : ''
  return `one of ${list.slice(0, MAX_CHOICES).join(', ')}${rest}`
}

/** A JSON pointer as `tools.0.name`; the whole value is `body`. Keys are the client's, so long ones are cut. */
function toPath(pointer: string): string {
  return pointer === '' ? 'body' : pointer.slice(1).split('/').map(toSegment).join('.')
}

function join(path: string, key: unknown): string {
  const segment = cut(String(key))
  return path === 'body' ? segment : `${path}.${segment}`
}

function toSegment(segment: string): string {
  return cut(segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Keys that are no plain word are spelt as JSON, so that a message stays one line. */
function cut(key: string): string {
  return /^[\w.[\]-]{1,64}$/.test(key) ? key : quote(key)
}
