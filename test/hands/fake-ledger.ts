import type { SandboxRow } from '../../src/hands/bindings.ts'
import type { KeptSandbox, SandboxLedger, WorkspaceExport } from '../../src/hands/ledger.ts'
import { placeName } from '../../src/hands/recipe.ts'

/** A ledger in memory, by the rules of the store. A test says which sandboxes there are, and which sessions were deleted. */
export interface FakeLedger extends SandboxLedger {
  /** By the names of their places; retired ones too. */
  readonly kept: Map<string, KeptSandbox>
  readonly copies: Map<string, WorkspaceExport>
  readonly tombstones: Set<string>
  /** Puts it on, as one that was used just now by a running session. */
  add(row: SandboxRow, more?: Partial<KeptSandbox>): void
  /** A call is bound to it. */
  use(row: SandboxRow, call?: string): void
  find(row: SandboxRow): KeptSandbox | undefined
}

export function createFakeLedger(): FakeLedger {
  const kept = new Map<string, KeptSandbox>()
  const copies = new Map<string, WorkspaceExport>()
  const tombstones = new Set<string>()
  /** By the names of their places, with their generations. */
  const calls = new Map<string, readonly string[]>()
  const living = () => [...kept.values()].filter(({ row }) => row.retired !== true)
  let ticks = 0
  /** Each is later than the one before. */
  const tick = () => new Date(Date.UTC(2026, 0, 1) + ++ticks)

  function change(row: SandboxRow, to: Partial<KeptSandbox>, seenUsedAt?: Date): boolean {
    const present = kept.get(placeName(row))
    if (present === undefined || present.row.reference !== row.reference) return false
    if (seenUsedAt !== undefined && present.usedAt.getTime() !== seenUsedAt.getTime()) return false
    kept.set(placeName(row), { ...present, ...to })
    return true
  }

  const ledger: FakeLedger = {
    kept,
    copies,
    tombstones,
    add(row, more = {}) {
      const usual = { status: 'running', isGone: false, exportedAt: null, collectedAt: null, evictAt: null } as const
      kept.set(placeName(row), { row, workspaceId: 'default', usedAt: tick(), unusedMs: 0, ...usual, ...more })
    },
    use(row, call) {
      change(row, { usedAt: tick(), unusedMs: 0 })
      if (call !== undefined) calls.set(nameOf(row), [...(calls.get(nameOf(row)) ?? []), call])
    },
    find: (row) => kept.get(placeName(row)),
    of: async (hosts) => living().filter(({ row: { host } }) => !host || hosts.includes(host)),
    all: async () => living(),
    rowsOf: async (ids) => [...kept.values()].map(({ row }) => row).filter(({ sessionId }) => ids.includes(sessionId)),
    deleted: async (ids) => ids.filter((id) => tombstones.has(id)),
    adopt: async (row, host) => void change(row, { row: { ...row, host } }),
    async evict(sessionId) {
      const found = living().filter(({ row }) => row.sessionId === sessionId)
      for (const { row } of found) change(row, { evictAt: tick() })
      return found.length > 0
    },
    async retire(row, seenUsedAt, { isLost } = { isLost: false }) {
      const retired = { ...row, retired: true, ...(isLost && { isLost }) } as const
      return ledger.find(row)?.row.retired !== true && change(row, { row: retired }, seenUsedAt)
    },
    revive: async (row) => {
      const present = ledger.find(row)
      if (present?.row.generation !== row.generation) return
      const { retired: _, ...revived } = present.row
      change(row, { row: revived })
    },
    refused: async () => 0,
    async exported(copy, seenUsedAt) {
      const present = kept.get(placeName(copy))
      if (present === undefined || present.row.retired === true || present.row.generation !== copy.generation)
        return false
      const at = tick()
      if (!change(present.row, { exportedAt: at }, seenUsedAt)) return false
      copies.set(placeName(copy), { ...copy, at })
      return true
    },
    passedOver: async (row, seenUsedAt) => void change(row, { exportedAt: tick() }, seenUsedAt),
    latestExport: async (sessionId, hand) => copies.get(placeName({ sessionId, hand })) ?? null,
    collected: async (row) => void change(row, { collectedAt: tick() }),
    callsSince: async (place) => calls.get(nameOf(place)) ?? [],
  }
  return ledger
}

function nameOf(place: Pick<SandboxRow, 'sessionId' | 'hand' | 'generation'>): string {
  return `${placeName(place)} ${place.generation}`
}
