import type { FieldSchema, ToolDefinition } from './definitions.ts'

/**
 * What is wrong with a tool's input, in words for the model, or null. An input without a problem has the type that the
 * SDK gives the tool's input. Null counts as left out.
 */
export function problemOfInput({ name, input_schema: schema }: ToolDefinition, input: unknown): string | null {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return `${name}: expected an object as input, got ${show(input)}`
  const { properties, required } = schema
  const fields = new Map<string, unknown>(Object.entries(input).filter(([, value]) => value !== null))
  for (const field of fields.keys())
    if (!Object.hasOwn(properties, field))
      return `${name}: ${field} is not known, expected only ${Object.keys(properties).join(', ')}`
  for (const field of required)
    if (!fields.has(field)) return `${name}: ${field} is required, expected ${describe(properties[field])}`
  for (const [field, value] of fields) {
    const property = properties[field]
    if (property !== undefined && !fits(property, value))
      return `${name}: expected ${field} to be ${describe(property)}, got ${show(value)}`
  }
  return null
}

function fits(property: FieldSchema, value: unknown): boolean {
  switch (property.type) {
    case 'string':
      return typeof value === 'string' && value.length >= (property.minLength ?? 0)
    case 'boolean':
      return typeof value === 'boolean'
    case 'integer':
      return Number.isSafeInteger(value) && Number(value) >= property.minimum && Number(value) <= property.maximum
    case 'array':
      return Array.isArray(value) && value.length === property.maxItems && value.every(Number.isSafeInteger)
  }
}

function describe(property: FieldSchema | undefined): string {
  switch (property?.type) {
    case undefined:
      return 'a value'
    case 'string':
      return property.minLength === undefined ? 'a string' : 'a string that is not empty'
    case 'boolean':
      return 'true or false'
    case 'integer':
      return `an integer from ${property.minimum} to ${property.maximum}`
    case 'array':
      return `[first, last], ${property.maxItems} integers`
  }
}

/** A value in words for the model, cut where it is long. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? typeof value
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
