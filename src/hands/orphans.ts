import type { SandboxRow } from './bindings.ts'
import type { SandboxLedger } from './ledger.ts'
import type { Doors } from './network.ts'
import { placeName } from './recipe.ts'
import type { ListedSandbox } from './sandbox.ts'

/** Milliseconds that whoever made it, or was about to destroy it, is given. */
const SUPERSEDED_MS = 120_000
/** Of one that is nobody's yet: fitting it out may take as long as its clones and its copy do. */
const UNPUBLISHED_MS = 1_800_000

export interface Orphan extends ListedSandbox {
  /** Its session was deleted. */
  readonly isDeleted: boolean
}

/**
 * Those of the listed sandboxes that nobody wants: of deleted sessions, of generations that others took the place of, and
 * those that their maker has left. They are told by their references alone.
 */
export async function findOrphans(
  listed: readonly ListedSandbox[],
  ledger: Pick<SandboxLedger, 'rowsOf' | 'deleted'>,
  now: number,
): Promise<readonly Orphan[]> {
  const sessions = [...new Set(listed.map(({ sessionId }) => sessionId))]
  const deleted = new Set(await ledger.deleted(sessions))
  const rows = new Map((await ledger.rowsOf(sessions)).map((row) => [placeName(row), row]))
  return listed
    .map((sandbox) => ({ ...sandbox, isDeleted: deleted.has(sandbox.sessionId) }))
    .filter((sandbox) => {
      const row = rows.get(placeName(sandbox))
      return sandbox.isDeleted || isOrphan(sandbox, row, now - sandbox.since.getTime())
    })
}

function isOrphan(sandbox: ListedSandbox, row: SandboxRow | undefined, age: number): boolean {
  if (row?.reference === sandbox.reference) return row.retired === true
  const isSuperseded = row !== undefined && sandbox.generation <= row.generation
  return age > (isSuperseded ? SUPERSEDED_MS : UNPUBLISHED_MS)
}

/** Doors of this host, of one kind. */
export interface DoorRow extends Pick<Doors, 'close'> {
  names(): Promise<readonly string[]>
}

/**
 * Closes doors that nobody uses, once they have been such for as long as it may take to make what uses one. Called again
 * and again, with the names of those in use.
 */
export function createDoorWatch(doors: DoorRow): (used: ReadonlySet<string>, now: number) => Promise<void> {
  const since = new Map<string, number>()
  return async (used, now) => {
    const unused = (await doors.names()).filter((name) => !used.has(name))
    for (const name of since.keys()) if (!unused.includes(name)) since.delete(name)
    for (const name of unused) {
      const first = since.get(name) ?? now
      since.set(name, first)
      if (now - first >= SUPERSEDED_MS) await doors.close(name)
    }
  }
}

/** Names that the doors of these sandboxes may have. */
export function doorsOf(sandboxes: readonly SandboxRow[]): ReadonlySet<string> {
  const names = sandboxes.map((sandbox) => [`${placeName(sandbox)}.${sandbox.generation}`, sandbox.reference])
  return new Set(names.flat())
}
