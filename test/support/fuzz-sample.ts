import type { SchemaNode, WireSchema } from '../../src/wire/schema.ts'
import type { Random } from './fuzz-random.ts'

/** Deeper than this only what is required is filled in. */
const MAX_DEPTH = 5

const PATTERNS: Readonly<Record<string, readonly string[]>> = {
  '^[1-9][0-9]{0,14}$': ['1', '250', '999999999999999'],
  '^[A-Z]{2}$': ['DE', 'US'],
  '^[A-Za-z0-9_-]{1,128}$': ['lookup', 'x', 'a-b_C9', 'x'.repeat(128)],
}
const FORMATS: Readonly<Record<string, readonly string[]>> = {
  timestamp: ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.123456789+14:00', '0001-01-01T00:00:00Z'],
  'http-url': ['https://mcp.example.com/', 'http://x.example:8080/a?b=c#d'],
  domain: ['docs.example.com', 'a.co/'],
  'domain-path': ['docs.example.com/path', 'x.example.org'],
  'host-pattern': ['*.example.com', 'example.com'],
  base64: ['AAAA', 'iVBORw0KGgo='],
}
const WORDS = [
  'x',
  'hello',
  'a longer text, with a comma',
  '日本語',
  'émoji 😀 at the end',
  '{"type":"session.deleted"}\n\ndata: {}',
]

/** What stands for an id, by the name of the property that wants one. */
export type Ids = Readonly<Record<string, readonly string[]>>

export interface Sampler {
  /** A value that the definition of this name accepts, or nearly: relations between fields are left to chance. */
  sample(definition: string): unknown
}

/** Makes values from a JSON Schema with the keywords that ours uses. */
export function createSampler(schema: WireSchema, ids: Ids, random: Random): Sampler {
  function sample(node: SchemaNode, place: { readonly name: string; readonly depth: number }): unknown {
    const reference = node['$ref']
    if (typeof reference === 'string') return sample(resolve(reference), place)
    if (node['const'] !== undefined) return node['const']
    if (Array.isArray(node['enum'])) return random.pick(node['enum'])
    const type: unknown = random.pick([node['type'] ?? ['object', 'string', 'integer', 'boolean']].flat())
    if (type === 'object') return sampleObject(node, place)
    if (type === 'array') return sampleList(node, place)
    if (type === 'integer' || type === 'number') return sampleNumber(node)
    if (type === 'boolean') return random.chance(0.5)
    if (type === 'null') return null
    const choices = isNode(node['else']) ? node['else']['enum'] : undefined
    return Array.isArray(choices) ? random.pick(choices) : sampleText(node, place.name)
  }

  function resolve(reference: string): SchemaNode {
    const definition = schema.definitions[reference.replace(/^.*#\/definitions\//, '')]
    if (!definition) throw new Error(`nothing is called ${reference}`)
    return definition
  }

  function sampleObject(node: SchemaNode, place: { name: string; depth: number }): unknown {
    const { then } = node
    if (isNode(then) && ('oneOf' in then || '$ref' in then || 'properties' in then))
      return sample({ type: 'object', ...then }, place)
    if (Array.isArray(node['oneOf'])) return sample(random.pick(node['oneOf']), place)
    const properties = isNode(node['properties']) ? node['properties'] : {}
    const required: readonly unknown[] = Array.isArray(node['required']) ? node['required'] : []
    const share = place.depth > MAX_DEPTH ? 0 : place.depth === 0 ? 0.3 : 0.2
    const entries = Object.entries(properties)
      .filter(([name]) => required.includes(name) || random.chance(share))
      .map(([name, child]) => [name, sample(isNode(child) ? child : {}, { name, depth: place.depth + 1 })] as const)
    const more = isNode(node['additionalProperties'])
      ? node['additionalProperties']
      : isNode(then)
        ? then['additionalProperties']
        : undefined
    const extra =
      isNode(more) && random.chance(0.5)
        ? [[`k${random.below(3)}`, sample(more, { name: '', depth: place.depth + 1 })] as const]
        : []
    return Object.fromEntries([...entries, ...extra])
  }

  function sampleList(node: SchemaNode, place: { name: string; depth: number }): unknown[] {
    const items = isNode(node['items']) ? node['items'] : {}
    const least = numberOf(node['minItems'], 0)
    const most = Math.min(numberOf(node['maxItems'], 3), place.depth > MAX_DEPTH ? least : 3)
    const count = Math.max(least, random.below(most + 1))
    return Array.from({ length: count }, () => sample(items, { name: place.name, depth: place.depth + 1 }))
  }

  function sampleNumber(node: SchemaNode): number {
    const least = numberOf(node['minimum'], 0)
    const most = numberOf(node['maximum'], 1000)
    return random.pick([least, least, least + 1, Math.min(most, least + 19), most])
  }

  function sampleText(node: SchemaNode, name: string): string {
    const known = ids[name]
    if (known) return random.pick(known)
    const made = PATTERNS[String(node['pattern'])] ?? FORMATS[String(node['format'])]
    if (made) return random.pick(made)
    const [least, most] = [numberOf(node['minLength'], 0), numberOf(node['maxLength'], 300)]
    if (random.chance(0.03)) return 'm'.repeat(random.pick([least, most]))
    const word = random.pick(WORDS)
    return word.slice(0, Math.max(most, 1))
  }

  return { sample: (definition) => sample(resolve(`#/definitions/${definition}`), { name: '', depth: 0 }) }
}

export function isNode(value: unknown): value is SchemaNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}
