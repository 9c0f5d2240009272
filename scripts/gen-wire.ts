/**
 * Writes `src/wire/schema.generated.json`: the JSON Schema of every request body and query, made from the SDK's types
 * by way of `src/wire/types.ts`; and `src/wire/routes.generated.json`: the routes that the SDK calls. Run `npm run
 * gen:wire` after an update of the SDK; tests compare the committed files with a fresh run. Limits that the SDK states
 * in comments only are added at load (`src/wire/limits.ts`).
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createGenerator } from 'ts-json-schema-generator'
import type { Schema } from 'ts-json-schema-generator'
import { readApiRoutes } from './sdk-routes.ts'

/** Exported types of `src/wire/types.ts` that describe a request. */
const REQUESTS = [
  'AgentCreate',
  'AgentListQuery',
  'AgentRetrieveQuery',
  'AgentUpdate',
  'AgentVersionsQuery',
  'EnvironmentCreate',
  'EnvironmentListQuery',
  'EnvironmentUpdate',
  'EventListQuery',
  'EventStreamQuery',
  'EventsSend',
  'FileListQuery',
  'ModelListQuery',
  'ResourceAdd',
  'ResourceListQuery',
  'ResourceUpdate',
  'SessionCreate',
  'SessionListQuery',
  'SessionUpdate',
  'ThreadEventListQuery',
  'ThreadListQuery',
  'WorkHeartbeatQuery',
  'WorkListQuery',
  'WorkPollQuery',
  'WorkStopBody',
  'WorkUpdate',
]

type Definitions = Record<string, Schema>

const SCHEMA_FILE = new URL('../src/wire/schema.generated.json', import.meta.url)
const ROUTES_FILE = new URL('../src/wire/routes.generated.json', import.meta.url)

/** The schema as it is committed, definitions in alphabetical order. Takes about three seconds. */
export function generateSchema(): { $schema: string; definitions: Definitions } {
  const generator = createGenerator({
    path: fileURLToPath(new URL('../src/wire/types.ts', import.meta.url)),
    tsconfig: fileURLToPath(new URL('../tsconfig.json', import.meta.url)),
    expose: 'export',
    jsDoc: 'none',
    encodeRefs: false,
    additionalProperties: false,
    skipTypeCheck: true,
  })
  const found: Definitions = {}
  for (const name of REQUESTS) {
    for (const [key, value] of Object.entries(generator.createSchema(name).definitions ?? {})) {
      const definition = toSchema(value)
      if (found[key] !== undefined && JSON.stringify(found[key]) !== JSON.stringify(definition)) {
        throw new Error(`two different types are called ${key}`)
      }
      found[key] = definition
    }
  }
  const shaped = Object.entries(found).map(([key, value]) => [key, shape(value, found)] as const)
  const reachable = reach(Object.fromEntries(shaped))
  const definitions = Object.fromEntries(reachable.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  return { $schema: 'http://json-schema.org/draft-07/schema#', definitions }
}

/** Rewrites every union inside a schema so that a checker can say which branch was meant. */
function shape(schema: Schema, definitions: Definitions): Schema {
  const inner = Object.entries(schema).map(([key, value]) => [key, shapeKeyword(key, value, definitions)] as const)
  const shaped: Schema = Object.fromEntries(inner)
  if (shaped.anyOf === undefined) return shaped
  const { anyOf, ...rest } = shaped
  return { ...rest, ...toUnion(flatten(anyOf.map(toSchema), definitions), definitions) }
}

/** Casts here are true by the draft: what stands behind these keywords is a schema, or schemas by name or in a row. */
function shapeKeyword(key: string, value: unknown, definitions: Definitions): unknown {
  if (key === 'properties') {
    const properties = Object.entries(value as Definitions)
    return Object.fromEntries(properties.map(([name, child]) => [name, shape(toSchema(child), definitions)]))
  }
  if (key === 'anyOf') return (value as Schema[]).map((branch) => shape(toSchema(branch), definitions))
  const isSchema = (key === 'items' || key === 'additionalProperties') && typeof value === 'object'
  return isSchema ? shape(value as Schema, definitions) : value
}

/** The branches of a union with the unions it refers to opened. */
function flatten(branches: readonly Schema[], definitions: Definitions): Schema[] {
  return branches.flatMap((branch) => {
    const target = resolve(branch, definitions)
    return target.anyOf === undefined ? [branch] : flatten(target.anyOf.map(toSchema), definitions)
  })
}

/**
 * One union as: objects told apart by a constant (`oneOf` + `discriminator`), and beside them strings, null or one kind
 * of array, chosen by `if`. A union that does not fit is an error here rather than a vague message to a client later.
 */
function toUnion(branches: readonly Schema[], definitions: Definitions): Schema {
  const resolved = branches.map((branch) => resolve(branch, definitions))
  const objects = branches.filter((_, index) => resolved[index]?.type === 'object')
  const plain = resolved.filter((branch) => branch.type !== 'object')
  const tagged = objects.length === 0 ? undefined : toTagged(objects, definitions)
  if (plain.length === 0 && tagged !== undefined) return tagged
  const arrays = plain.filter((branch) => branch.type === 'array')
  const strings = plain.filter((branch) => branch.type === 'string')
  const hasNull = plain.some((branch) => branch.type === 'null')
  if (arrays.length > 1 || arrays.length + strings.length + Number(hasNull) < plain.length) {
    throw new Error(`expected objects, strings, null and at most one array, got ${JSON.stringify(plain)}`)
  }
  const type = [
    ...new Set([...(tagged === undefined ? [] : ['object' as const]), ...plain.flatMap((branch) => branch.type ?? [])]),
  ]
  const union: Schema = { ...arrays[0], type: type.length === 1 && type[0] !== undefined ? type[0] : type }
  const values = strings.flatMap((branch) => branch.enum ?? (branch.const === undefined ? [] : [branch.const]))
  const isClosed =
    strings.length > 0 && strings.every((branch) => branch.enum !== undefined || branch.const !== undefined)
  const choice = isClosed ? { enum: [...values, ...(hasNull ? [null] : [])] } : {}
  if (tagged === undefined) return { ...union, ...choice }
  return { ...union, if: { type: 'object' }, then: tagged, ...(isClosed ? { else: choice } : {}) }
}

function toTagged(objects: readonly Schema[], definitions: Definitions): Schema {
  const [only, ...more] = objects
  if (only !== undefined && more.length === 0) return only
  const tag = ['type', 'name'].find((name) => objects.every((branch) => isTag(resolve(branch, definitions), name)))
  if (tag === undefined) throw new Error(`no tag tells these apart: ${JSON.stringify(objects)}`)
  // A cast because `discriminator` is OpenAPI's keyword: the checker knows it, this type of a schema does not.
  return { type: 'object', discriminator: { propertyName: tag }, oneOf: [...objects] } as Schema
}

function isTag(schema: Schema, name: string): boolean {
  const property = schema.properties?.[name]
  const isConstant = typeof property === 'object' && property.const !== undefined
  return isConstant && (schema.required ?? []).includes(name)
}

function resolve(schema: Schema, definitions: Definitions): Schema {
  if (schema.$ref === undefined) return schema
  const target = definitions[schema.$ref.replace('#/definitions/', '')]
  if (target === undefined) throw new Error(`nothing is called ${schema.$ref}`)
  return resolve(target, definitions)
}

/** The definitions that some request leads to; opened unions leave others behind. */
function reach(definitions: Definitions): (readonly [string, Schema])[] {
  const seen = new Set<string>()
  const open = [...REQUESTS]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue
    seen.add(name)
    for (const [, target] of JSON.stringify(definitions[name]).matchAll(/"#\/definitions\/([^"]+)"/g))
      open.push(target ?? '')
  }
  return Object.entries(definitions).filter(([name]) => seen.has(name))
}

/** JSON Schema allows `true` and `false` as schemas; the generator never makes one from a request type. */
function toSchema(value: Schema | boolean): Schema {
  if (typeof value === 'boolean') throw new Error('expected a schema, got a boolean')
  return value
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(SCHEMA_FILE, `${JSON.stringify(generateSchema(), null, 2)}\n`)
  writeFileSync(ROUTES_FILE, `${JSON.stringify(readApiRoutes(), null, 2)}\n`)
}
