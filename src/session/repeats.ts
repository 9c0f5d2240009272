import { leavesOf, sizeOf, valueAt, withValues } from './blobs.ts'
import type { BlobRef } from './entry.ts'
import { field } from './field.ts'

type Path = BlobRef['path']

/**
 * A string that a carrier has already: an empty one stands at `path` in place of the one at `of`. Both begin with the
 * number of an element.
 */
export interface Repeat {
  readonly path: Path
  readonly of: Path
}

/** Bytes of JSON that a repeat takes besides: the empty string it leaves, and the list around it. */
const REST_BYTES = 20

/** A carrier's elements, and beside them where strings were left out of them. */
export interface Thinned<T> {
  readonly elements: readonly T[]
  readonly repeats?: readonly Repeat[]
}

/** Leaves out long strings that stand in the elements before, as what clients see of an answer stands in the raw one. */
export function leaveOutRepeats<T extends object>(elements: readonly T[]): Thinned<T> {
  const first = new Map<string, Path>()
  const repeats: Repeat[] = []
  for (const { path, text, bytes } of leavesOf(elements)) {
    const of = first.get(text)
    if (!of) first.set(text, path)
    else if (sizeOf({ path, of }) + REST_BYTES < bytes) repeats.push({ path, of })
  }
  if (repeats.length === 0) return { elements }
  const emptied = repeats.map(({ path }) => ({ path, value: '' }))
  return { elements: withValues(elements, emptied), repeats }
}

/**
 * Gives the elements as they were, to the byte. Where nothing stands beside them, or nothing that fits them, whoever
 * wrote it, they stay as they are.
 */
export function putRepeatsBack<T>(elements: readonly T[], repeats: unknown): readonly T[] {
  if (!Array.isArray(repeats) || !repeats.every((repeat) => isRepeat(elements, repeat))) return elements
  return withValues(
    elements,
    repeats.map(({ path, of }) => ({ path, value: valueAt(elements, of) })),
  )
}

function isRepeat(elements: readonly unknown[], value: unknown): value is Repeat {
  const [path, of] = [field(value, 'path'), field(value, 'of')]
  if (!isPath(path) || !isPath(of)) return false
  return valueAt(elements, path) === '' && typeof valueAt(elements, of) === 'string'
}

function isPath(value: unknown): value is Path {
  return Array.isArray(value) && value.every((key) => typeof key === 'string' || typeof key === 'number')
}
