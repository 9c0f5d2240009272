import fc from 'fast-check'
import type { SchemaNode, WireSchema } from '../../src/wire/schema.ts'
import { isNode } from './fuzz-sample.ts'

/** What stands for strings of a format, and for those of a property by its name: the ones that are good for something. */
export interface Known {
  readonly formats: Readonly<Record<string, readonly string[]>>
  readonly names: Readonly<Record<string, readonly string[]>>
}

/** What limits are counted in differs: one character may be two units, and up to four bytes. */
const UNITS = ['x', '😀', '語', ' ', '"']
/** Lengths at which texts move out of their payload, or do not fit any more. */
const LENGTHS = [0, 1, 30, 4_000, 66_000, 400_000]
/** Characters of JSON of what a list is filled to the brim with. */
const SMALL = 500

/**
 * Values of a definition as fast-check makes and shrinks them: everything the schema takes and its limits to the brim,
 * and at times a little beyond.
 */
export function schemaArbitrary(schema: WireSchema, definition: string, known: Known): fc.Arbitrary<unknown> {
  function made(node: SchemaNode, name: string): fc.Arbitrary<unknown> {
    const { $ref: reference, const: only, enum: choices, oneOf } = node
    if (typeof reference === 'string') return made(resolve(reference), name)
    if (only !== undefined) return fc.constant(only)
    if (Array.isArray(choices)) {
      const good = choices.filter((choice: unknown) => known.names[name]?.some((one) => one === choice))
      return fc.constantFrom<unknown>(...(good.length > 0 ? good : choices))
    }
    if (Array.isArray(oneOf)) return fc.oneof(...oneOf.map((one: unknown) => made(isNode(one) ? one : {}, name)))
    const types = [node['type']].flat()
    return fc.oneof(...types.map((type) => ofType(node, type, name)))
  }

  function ofType(node: SchemaNode, type: unknown, name: string): fc.Arbitrary<unknown> {
    switch (type) {
      case 'object':
        return objects(node)
      case 'array':
        return lists(node, name)
      case 'string':
        return texts(node, name)
      case 'integer':
        return fc.integer({ min: numberOf(node['minimum'], 0), max: numberOf(node['maximum'], 1000) })
      case 'boolean':
        return fc.boolean()
      case 'null':
        return fc.constant(null)
      default:
        throw new Error(`no arbitrary for a node of the type ${String(type)}`)
    }
  }

  function objects({ properties, required }: SchemaNode): fc.Arbitrary<unknown> {
    const entries = Object.entries(isNode(properties) ? properties : {})
    const model = Object.fromEntries(entries.map(([key, child]) => [key, made(isNode(child) ? child : {}, key)]))
    return fc.record(model, {
      requiredKeys: Array.isArray(required) ? (required as string[]) : [],
      noNullPrototype: true,
    })
  }

  function lists({ items, minItems, maxItems }: SchemaNode, name: string): fc.Arbitrary<unknown> {
    const [minLength, most] = [numberOf(minItems, 0), numberOf(maxItems, 1000)]
    const item = made(isNode(items) ? items : {}, name)
    const few = fc.array(item, { minLength, maxLength: 2 })
    const brims = fc.tuple(item, fc.constantFrom(most, most + 1)).map(([one, count]) => {
      const isSmall = JSON.stringify(one).length <= SMALL
      return Array<unknown>(isSmall ? count : 1).fill(one)
    })
    return fc.oneof({ weight: 30, arbitrary: few }, { weight: 1, arbitrary: brims })
  }

  function texts(node: SchemaNode, name: string): fc.Arbitrary<unknown> {
    const given = known.names[name] ?? known.formats[String(node['format'])]
    const most = typeof node['maxLength'] === 'number' ? node['maxLength'] : null
    const lengths = most === null ? LENGTHS : [most - 1, most, most + 1, Math.floor(most / 2), Math.floor(most / 2) + 1]
    const brims = fc.tuple(fc.constantFrom(...UNITS), fc.constantFrom(...lengths))
    return fc.oneof(
      ...(given ? [{ weight: 20, arbitrary: fc.constantFrom(...given) }] : []),
      { weight: given ? 1 : 10, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
      { weight: given ? 1 : 4, arbitrary: brims.map(([unit, count]) => unit.repeat(count)) },
    )
  }

  function resolve(reference: string): SchemaNode {
    const found = schema.definitions[reference.replace(/^.*#\/definitions\//, '')]
    if (!found) throw new Error(`nothing is called ${reference}`)
    return found
  }

  return made(resolve(`#/definitions/${definition}`), '')
}

function numberOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}
