import { ID_LENGTH } from './arrival.ts'
import { parseBudget } from './budget.ts'
import { field } from './field.ts'
import { toResourceChange } from './resource-change.ts'
import type { Input } from './settle.ts'

type Change = Omit<Extract<Input, { type: 'configured' }>, 'type'>

export type ParsedChange =
  | { readonly ok: true; readonly change: Change }
  | { readonly ok: false; readonly reason: string }

/** What a budget looks like, for messages. */
export const BUDGET = '{"type":"limit","max_list_cost":{"amount":"<whole cents>","currency":"USD"}}'

/** The wire's limits, for clients that pass it by: characters of a title, of a key and of a value. */
const LIMITS = { title: 512, key: 64, value: 512 } as const

/**
 * Reads what an update asks to change: a title, a patch of metadata, a budget, the agent by its configuration, one of
 * the resources, and nothing else that it may hold.
 */
export function parseChange(payload: unknown): ParsedChange {
  const given = isRecord(payload) ? payload : {}
  const { title, metadata, configuration: named } = given
  if (title !== undefined && title !== null && !isText(title, LIMITS.title)) {
    return { ok: false, reason: `title: expected null or a text of at most ${LIMITS.title} characters` }
  }
  if (metadata !== undefined && !isPatch(metadata)) {
    return {
      ok: false,
      reason: `metadata: expected keys of ${LIMITS.key} and texts of ${LIMITS.value} characters, or null`,
    }
  }
  const budget = given['budget'] === null ? null : parseBudget(given['budget'])
  if (given['budget'] !== undefined && budget === undefined)
    return { ok: false, reason: `budget: expected null or ${BUDGET}` }
  const configuration = parseNext(named)
  if (named !== undefined && !configuration) {
    return { ok: false, reason: `configuration: expected id and base, each of 1 to ${ID_LENGTH} characters` }
  }
  const resources = toResourceChange(given['resources'])
  if (given['resources'] !== undefined && !resources) {
    return { ok: false, reason: 'resources: expected {"add":<resource>} or {"remove":"<id>"}' }
  }
  return {
    ok: true,
    change: {
      ...(title === undefined ? {} : { title }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(budget === undefined ? {} : { budget }),
      ...(configuration ? { configuration } : {}),
      ...(resources ? { resources } : {}),
    },
  }
}

/** A configuration that is stored, and the one that it was made of, and nothing else that the value may hold. */
function parseNext(value: unknown): Change['configuration'] {
  const [id, base] = [field(value, 'id'), field(value, 'base')]
  return isId(id) && isId(base) ? { id, base } : undefined
}

function isId(value: unknown): value is string {
  return isText(value, ID_LENGTH) && value !== ''
}

function isPatch(value: unknown): value is Record<string, string | null> {
  return (
    isRecord(value) &&
    Object.entries(value).every(
      ([key, text]) => key.length <= LIMITS.key && (text === null || isText(text, LIMITS.value)),
    )
  )
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value.length <= longest
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
