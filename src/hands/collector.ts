import type { SandboxRow } from './bindings.ts'
import type { Cargo, Output } from './cargo.ts'
import { CargoRefused } from './cargo.ts'
import { MAIN } from './recipe.ts'

/** Whose outputs: those of one hand of a session, whichever generation has them. */
export interface OutputPlace {
  readonly sessionId: string
  readonly hand: string
}

/** An output as it was when it was read last, or found to be what was read. */
export type KnownOutput = Pick<Output, 'path' | 'changed'>

/** Bytes that were read and are nobody's yet. */
export interface TakenBytes {
  readonly content: string
  /** Bytes. */
  readonly size: number
  /** Hexadecimal. */
  readonly sha256: string
}

/** Where outputs become files of their session. */
export interface OutputShelf {
  known(place: OutputPlace): Promise<readonly KnownOutput[]>
  /**
   * Stores what comes, under a session; null where that was deleted. Rejects as `source` does, and then keeps nothing.
   */
  take(sessionId: string, source: AsyncIterable<Uint8Array>): Promise<TakenBytes | null>
  /** They are a file now, in the place of the one that there was of the path, unless that has the same bytes. */
  keep(place: OutputPlace, output: KnownOutput, bytes: TakenBytes): Promise<void>
  drop(bytes: TakenBytes): Promise<void>
  /** These are not in the sandbox any more: their files stay, and no later sandbox gets them back. */
  gone(place: OutputPlace, paths: readonly string[]): Promise<void>
}

export interface CollectorOptions {
  readonly shelf: OutputShelf
  readonly log: { warn(details: object, message: string): void }
  /** Milliseconds since whenever. */
  readonly now?: () => number
}

/**
 * Looks through the outputs of a sandbox and keeps those that have changed and stand still: that are as they were at a
 * look at least a second ago, large ones that change again and again for longer. With `last` none may wait. False when one
 * was left for a later look.
 */
export type Collect = (row: SandboxRow, cargo: Cargo, look?: { readonly last?: boolean }) => Promise<boolean>

/** As much as a file may have. */
const MOST_BYTES = 500 * 1024 * 1024
const STILL_MS = 1_000
/** What was kept before and has changed again stands still a second longer for each of so many. */
const BYTES_A_SECOND = 10 * 1024 * 1024

/** When an output was first seen as it is now. */
type Sighting = Pick<Output, 'changed'> & { readonly at: number }

export function createCollector({ shelf, log, now = Date.now }: CollectorOptions): Collect {
  const sightings = new Map<string, Map<string, Sighting>>()
  const turns = new Map<string, Promise<unknown>>()

  function hasStoodStill({ reference }: SandboxRow, { path, changed }: Output, wantedMs: number): boolean {
    const seen = sightings.get(reference) ?? new Map<string, Sighting>()
    sightings.set(reference, seen)
    const sighting = seen.get(path)
    if (sighting?.changed === changed) return now() - sighting.at >= wantedMs
    seen.set(path, { changed, at: now() })
    return false
  }

  async function look(row: SandboxRow, cargo: Cargo, isLast: boolean): Promise<boolean> {
    const place = { sessionId: row.sessionId, hand: row.hand ?? MAIN }
    const [listed, known] = await Promise.all([cargo.listOutputs(), shelf.known(place)])
    const before = new Map(known.map(({ path, changed }) => [path, changed]))
    const changed = listed.files.filter((output) => before.get(output.path) !== output.changed)
    const fitting = changed.filter(({ size }) => size <= MOST_BYTES)
    for (const { path } of isLast ? changed.filter((output) => !fitting.includes(output)) : [])
      log.warn({ ...place, path }, 'an output is larger than a file may be, and goes with its sandbox')
    if (isLast && !listed.areAll)
      log.warn(place, 'there are more outputs than are kept, and they go with their sandbox')
    const wantedMs = ({ path, size }: Output) =>
      STILL_MS + (before.has(path) ? Math.floor(size / BYTES_A_SECOND) * 1_000 : 0)
    const still = fitting.filter((output) => isLast || hasStoodStill(row, output, wantedMs(output)))
    const kept = still.length === 0 ? 0 : await keepAll({ shelf, cargo, place }, still)
    const there = new Set(listed.files.map(({ path }) => path))
    // What is missing in a part of them may be there.
    const gone = listed.areAll ? known.filter(({ path }) => !there.has(path)) : []
    if (gone.length > 0)
      await shelf.gone(
        place,
        gone.map(({ path }) => path),
      )
    const isDone = kept === fitting.length
    if (isDone || isLast) sightings.delete(row.reference)
    return isDone
  }

  return async (row, cargo, { last = false } = {}) => {
    // One look after the other: two at once would read everything twice.
    const before = turns.get(row.reference) ?? Promise.resolve()
    const turn = before.catch(() => undefined).then(() => look(row, cargo, last))
    turns.set(row.reference, turn)
    try {
      return await turn
    } catch (error) {
      sightings.delete(row.reference)
      throw error
    } finally {
      if (turns.get(row.reference) === turn) turns.delete(row.reference)
    }
  }
}

interface Keeping {
  readonly shelf: OutputShelf
  readonly cargo: Cargo
  readonly place: OutputPlace
}

/** Reads all, looks again, and keeps those that nobody has touched meanwhile: none is ever half. Answers how many. */
async function keepAll({ shelf, cargo, place }: Keeping, outputs: readonly Output[]): Promise<number> {
  const taken: { readonly output: Output; readonly bytes: TakenBytes }[] = []
  let kept = 0
  try {
    for (const output of outputs) {
      const bytes = await take({ shelf, cargo, place }, output)
      if (bytes) taken.push({ output, bytes })
    }
    const after = new Map((await cargo.listOutputs()).files.map(({ path, changed }) => [path, changed]))
    for (const { output, bytes } of taken.splice(0)) {
      const isSame = after.get(output.path) === output.changed && bytes.size === output.size
      await (isSame ? shelf.keep(place, output, bytes) : shelf.drop(bytes))
      if (isSame) kept++
    }
    return kept
  } finally {
    for (const { bytes } of taken) await shelf.drop(bytes)
  }
}

/** Null for what is no file any more, has grown, or is nobody's. */
async function take({ shelf, cargo, place }: Keeping, { path, size }: Output): Promise<TakenBytes | null> {
  try {
    return await shelf.take(place.sessionId, upTo(size, cargo.openOutput(path)))
  } catch (error) {
    if (error instanceof CargoRefused || error instanceof Grown) return null
    throw error
  }
}

class Grown extends Error {}

/** What grows as fast as it is read would never end. */
async function* upTo(size: number, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let length = 0
  for await (const chunk of source) {
    length += chunk.length
    if (length > size) throw new Grown(`expected at most ${size} bytes`)
    yield chunk
  }
}
