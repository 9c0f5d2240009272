import type { Bound, SandboxBindings, SandboxRow } from '../../src/hands/bindings.ts'
import { MAIN, placeName } from '../../src/hands/recipe.ts'

/** Bindings in memory, by the rules of the store. `calls` shows what was bound. */
export function createFakeBindings(): SandboxBindings & {
  readonly rows: Map<string, SandboxRow>
  readonly calls: ReadonlyMap<string, Bound>
} {
  const rows = new Map<string, SandboxRow>()
  const calls = new Map<string, Bound>()
  return {
    rows,
    calls,
    current: (sessionId, hand = MAIN) => Promise.resolve(rows.get(placeName({ sessionId, hand })) ?? null),
    replace(expected, next) {
      const name = placeName(next)
      if ((rows.get(name)?.generation ?? 0) === expected) rows.set(name, next)
      return Promise.resolve(rows.get(name) ?? next)
    },
    bound: (sessionId, toolUseId) => Promise.resolve(calls.get(`${sessionId} ${toolUseId}`) ?? null),
    bind(sessionId, toolUseId, to) {
      const key = `${sessionId} ${toolUseId}`
      const row = rows.get(placeName({ sessionId, hand: to.hand }))
      if (!calls.has(key) && row?.generation === to.generation && !row.retired) calls.set(key, to)
      return Promise.resolve(calls.get(key) ?? null)
    },
    supplied(row, version) {
      const name = placeName(row)
      const present = rows.get(name)
      if (present?.generation === row.generation)
        rows.set(name, { ...present, supplies: Math.max(present.supplies ?? 0, version) })
      return Promise.resolve()
    },
  }
}
