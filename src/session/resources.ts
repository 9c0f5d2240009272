import type { Entry, ResourceEntry } from './entry.ts'
import { field } from './field.ts'
import type { LogState } from './state.ts'

/** What a session has at most. */
export const MOST_RESOURCES = 500

type Changed = Extract<Entry, { type: 'log.resource' | 'log.resource_removed' }>

/** What is there already, or is gone already, changes nothing. */
export function foldResource(state: LogState, entry: Changed): LogState {
  const { resources = [], supplies = 0 } = state
  const id = entry.type === 'log.resource' ? entry.resource.id : entry.id
  const isThere = resources.includes(id)
  if (isThere === (entry.type === 'log.resource')) return state
  const after = isThere ? resources.filter((other) => other !== id) : [...resources, id]
  return { ...state, resources: after, supplies: supplies + 1 }
}

/** The resources of a start's input that have the right shape, each id once. Whoever wrote it, no more than a session may have. */
export function resourcesOf(input: unknown): readonly ResourceEntry[] {
  const given: unknown = field(input, 'resources')
  if (!Array.isArray(given)) return []
  const sound: readonly ResourceEntry[] = given.filter(isResource)
  const ids = sound.map(({ id }) => id)
  return sound.filter(({ id }, index) => ids.indexOf(id) === index).slice(0, MOST_RESOURCES)
}

export function isResource(value: unknown): value is ResourceEntry {
  if (!areTexts(value, ['id', 'mount_path', 'created_at'])) return false
  const path = field(value, 'mount_path')
  if (field(value, 'type') === 'file') {
    const isSized = Number.isSafeInteger(field(value, 'size'))
    return areTexts(value, ['file_id', 'sha256']) && isSized && isBelow('/mnt/session/uploads/', path)
  }
  if (field(value, 'type') !== 'github_repository' || !areTexts(value, ['url'])) return false
  return isCheckout(field(value, 'checkout')) && isBelow('/workspace/', path)
}

/** Whether a path leads to something inside a folder and nowhere else. */
function isBelow(folder: string, path: unknown): boolean {
  if (typeof path !== 'string' || !path.startsWith(folder) || /\p{Cc}/u.test(path)) return false
  const names = path.slice(folder.length).split('/')
  return names.every((name) => !['', '.', '..'].includes(name))
}

function isCheckout(value: unknown): boolean {
  const type = field(value, 'type')
  return (
    value === null ||
    (type === 'branch' && areTexts(value, ['name'])) ||
    (type === 'commit' && areTexts(value, ['sha']))
  )
}

function areTexts(value: unknown, names: readonly string[]): boolean {
  return names.every((name) => typeof field(value, name) === 'string')
}
