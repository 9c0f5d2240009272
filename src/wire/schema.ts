import generated from './schema.generated.json' with { type: 'json' }

/** A JSON Schema, as far as this room looks into one. */
export interface SchemaNode {
  readonly [keyword: string]: unknown
}

export interface Definition extends SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>
}

export interface WireSchema {
  readonly definitions: Readonly<Record<string, Definition>>
}

/** Every request of the API as the SDK's types say it, without limits; made by `scripts/gen-wire.ts`. */
export const WIRE_SCHEMA: WireSchema = generated
