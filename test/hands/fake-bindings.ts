import type { SandboxBindings, SandboxRow } from '../../src/hands/bindings.ts'

/** Bindings in memory, by the rules of the store. `calls` shows what was bound. */
export function createFakeBindings(): SandboxBindings & { readonly calls: ReadonlyMap<string, number> } {
  const rows = new Map<string, SandboxRow>()
  const calls = new Map<string, number>()
  return {
    calls,
    current: (sessionId) => Promise.resolve(rows.get(sessionId) ?? null),
    replace(expected, next) {
      if ((rows.get(next.sessionId)?.generation ?? 0) === expected) rows.set(next.sessionId, next)
      return Promise.resolve(rows.get(next.sessionId) ?? next)
    },
    bound: (sessionId, toolUseId) => Promise.resolve(calls.get(`${sessionId} ${toolUseId}`) ?? null),
    bind(sessionId, toolUseId, generation) {
      const key = `${sessionId} ${toolUseId}`
      if (!calls.has(key)) calls.set(key, generation)
      return Promise.resolve(calls.get(key) ?? generation)
    },
  }
}
