import type { Entry, ResourceEntry } from './entry.ts'
import { field } from './field.ts'
import { MOST_RESOURCES, isResource } from './resources.ts'
import type { LogState } from './state.ts'

/** What an update does to a session's resources: one more, or one less. */
export type ResourceChange = { readonly add: ResourceEntry } | { readonly remove: string }

type Changed = Extract<Entry, { type: 'log.resource' | 'log.resource_removed' }>

/** Of one in the log, in units of UTF-16 as JSON. */
const LONGEST = 8_000

/** The change that a value holds; undefined when it is none, or too long for the log. */
export function toResourceChange(value: unknown): ResourceChange | undefined {
  const [add, remove] = [field(value, 'add'), field(value, 'remove')]
  if (isResource(add)) return JSON.stringify(add).length <= LONGEST ? { add } : undefined
  return typeof remove === 'string' && remove !== '' && remove.length <= LONGEST ? { remove } : undefined
}

/** Why the session cannot have one more; null when it can, or has it already. */
export function refusesResource({ resources = [] }: LogState, change: ResourceChange): string | null {
  if (!('add' in change) || resources.includes(change.add.id) || resources.length < MOST_RESOURCES) return null
  return `resources: expected at most ${MOST_RESOURCES}, and the session has as many`
}

/** What the change adds to the log; null when it has come true already. */
export function recordOf({ resources = [] }: LogState, change: ResourceChange): Changed | null {
  const isThere = resources.includes('add' in change ? change.add.id : change.remove)
  if ('add' in change) return isThere ? null : { type: 'log.resource', resource: change.add }
  return isThere ? { type: 'log.resource_removed', id: change.remove } : null
}
