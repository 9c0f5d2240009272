import type { BlobRef } from './entry.ts'
import { field } from './field.ts'

type Path = BlobRef['path']
type Key = Path[number]

/** References beside a carrier's elements, by the element's index; elements without any are left out. */
export type BlobIndex = Readonly<Record<number, readonly BlobRef[]>>

/** A string that was taken out of its element. */
export interface Taken {
  readonly path: Path
  readonly text: string
}

export interface Packed<T> {
  /** The elements, with an empty string wherever one was taken. */
  readonly elements: readonly T[]
  /** What was taken, a list per element. */
  readonly taken: readonly (readonly Taken[])[]
  /** Bytes of JSON that the elements and their references make; above the payload's limit nothing more can be taken. */
  readonly bytes: number
}

/** Bytes of JSON: a longer string never stands in a payload, and the largest ones give way until the payload fits. */
export const PACKING = { string: 64 * 1024, payload: 512 * 1024 } as const
export type Packing = { readonly [Limit in keyof typeof PACKING]: number }

/** Deeper strings stay where they are: no stack is endless. */
const DEPTH = 100
/** Bytes of JSON that a reference takes besides its path, and the empty string that it leaves. */
const REF_BYTES = 120

interface Leaf extends Taken {
  /** The bytes of an image or a document, which never stand in a payload. */
  readonly isFile: boolean
  readonly bytes: number
  /** Bytes of the reference. */
  readonly cost: number
}

/** Takes out of a carrier's elements what is too large for a payload. Elements that stay as they are are the same. */
export function pack<T extends object>(elements: readonly T[], limits: Packing = PACKING): Packed<T> {
  const sorted = elements.map((element) => ({ element, leaves: leavesOf(element) }))
  const leaves = sorted.flatMap((one) => one.leaves)
  const due = new Set(leaves.filter(({ isFile, bytes }) => isFile || bytes > limits.string))
  function split(): Omit<Packed<T>, 'bytes'> {
    const parts = sorted.map((one) => {
      const taken = one.leaves.filter((leaf) => due.has(leaf)).map(({ path, text }) => ({ path, text }))
      return {
        taken,
        element: withValues(
          one.element,
          taken.map(({ path }) => ({ path, value: '' })),
        ),
      }
    })
    return { elements: parts.map(({ element }) => element), taken: parts.map(({ taken }) => taken) }
  }
  let bytes = sizeOf(split().elements)
  for (const { cost } of due) bytes += cost
  for (const leaf of leaves.toSorted((a, b) => b.bytes - b.cost - (a.bytes - a.cost))) {
    if (bytes <= limits.payload || leaf.bytes <= leaf.cost) break
    if (due.has(leaf)) continue
    due.add(leaf)
    bytes -= leaf.bytes - leaf.cost
  }
  return { ...split(), bytes }
}

/**
 * Puts the strings back, and what the model reads of files; the element itself is left as it is.
 * @throws RangeError for a reference to a place where nothing was taken and no file is named.
 */
export function restore<T extends object>(element: T, refs: readonly BlobRef[], valueOf: (ref: BlobRef) => unknown): T {
  const misplaced = refs.find((ref) => !isPlaced(element, ref))
  if (misplaced) throw new RangeError(`expected an empty string at ${misplaced.path.join('.')}`)
  return withValues(
    element,
    refs.map((ref) => ({ path: ref.path, value: valueOf(ref) })),
  )
}

/** The references that stand beside some elements; null when they are anything else, whoever wrote them. */
export function parseBlobs(value: unknown, elements: readonly unknown[]): BlobIndex | null {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null) return null
  const index: Record<number, readonly BlobRef[]> = {}
  for (const [at, element] of elements.entries()) {
    const refs: unknown = Reflect.get(value, at)
    if (refs === undefined) continue
    if (!Array.isArray(refs) || !refs.every(isRef) || !refs.every((ref) => isPlaced(element, ref))) return null
    index[at] = refs
  }
  return index
}

function isRef(value: unknown): value is BlobRef {
  if (typeof value !== 'object' || value === null || !('path' in value && 'sha256' in value && 'length' in value)) {
    return false
  }
  const { path, sha256, length } = value
  const file = field(value, 'file')
  return (
    Array.isArray(path) &&
    path.every((key) => typeof key === 'string' || typeof key === 'number') &&
    typeof sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    Number.isSafeInteger(length) &&
    Number(length) >= 0 &&
    (file === undefined || typeof file === 'string')
  )
}

/** Whether there is at its place what a reference stands beside. */
function isPlaced(element: unknown, { path, file }: BlobRef): boolean {
  const place = valueAt(element, path)
  if (file === undefined) return place === ''
  return field(place, 'type') === 'file' && typeof field(place, 'file_id') === 'string'
}

/** What stands at a place of plain JSON; undefined where there is no such place. */
export function valueAt(element: unknown, path: Path): unknown {
  let place = element
  for (const key of path) {
    if (typeof place !== 'object' || place === null || !Object.hasOwn(place, key)) return undefined
    place = Reflect.get(place, key)
  }
  return place
}

/** Strings that would be worth taking, in their order: files' bytes, and what is longer than a reference to it. */
export function leavesOf(element: object): readonly Leaf[] {
  const leaves: Leaf[] = []
  function visit(value: object, path: Path): void {
    for (const [name, child] of Object.entries(value)) {
      const at = [...path, Array.isArray(value) ? Number(name) : name]
      if (typeof child === 'string') {
        const isData = name === 'data' && child !== '' && isFileSource(value)
        // What is shorter than a reference to it would only grow.
        if (isData || child.length > REF_BYTES) leaves.push(toLeaf(child, at, isData))
      } else if (typeof child === 'object' && child !== null && path.length < DEPTH) visit(child, at)
    }
  }
  visit(element, [])
  return leaves
}

function toLeaf(text: string, path: Path, isData: boolean): Leaf {
  return { path, text, isFile: isData, bytes: sizeOf(text), cost: REF_BYTES + sizeOf(path) }
}

function isFileSource(value: object): boolean {
  return 'type' in value && value.type === 'base64' && 'media_type' in value
}

/** A copy with other values at some places, that shares with the original whatever no path leads through. */
export function withValues<T extends object>(element: T, values: readonly { path: Path; value: unknown }[]): T {
  if (values.length === 0) return element
  const root = copyOf(element)
  const fresh = new Set<unknown>([root])
  for (const { path, value } of values) {
    let place: object = root
    for (const key of path.slice(0, -1)) place = freshen(place, key, fresh)
    for (const key of path.slice(-1)) put(place, key, value)
  }
  return root
}

function freshen(parent: object, key: Key, fresh: Set<unknown>): object {
  const child: object = Reflect.get(parent, key)
  if (fresh.has(child)) return child
  const copy = copyOf(child)
  fresh.add(copy)
  put(parent, key, copy)
  return copy
}

function copyOf<T extends object>(value: T): T {
  // A list's copy is a list, an object's has the same members.
  return (Array.isArray(value) ? value.slice() : { ...value }) as T
}

/** By definition, not by assignment: a tool's input may have a member named `__proto__`. */
function put(parent: object, key: Key, value: unknown): void {
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true })
}

/** Bytes of a value's JSON in UTF-8. JSON escapes what is no valid Unicode, so each half of a pair is two bytes. */
export function sizeOf(value: unknown): number {
  const json = JSON.stringify(value)
  let bytes = 0
  for (let at = 0; at < json.length; at++) {
    const unit = json.charCodeAt(at)
    if (unit < 0x80) bytes += 1
    else if (unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff)) bytes += 2
    else bytes += 3
  }
  return bytes
}
