import type { FileRow, FileStore } from '../../src/store/files.ts'

/** Files in memory, held to the same suite as those in PostgreSQL. */
export interface MemoryFiles extends FileStore {
  readonly rows: Map<string, FileRow>
  /** Contents that were begun, and whether a file has come of each. */
  readonly begun: Map<string, { readonly at: Date; readonly finished: boolean }>
}

export function createMemoryFiles(): MemoryFiles {
  const rows = new Map<string, FileRow>()
  const begun: MemoryFiles['begun'] = new Map()
  const newestFirst = (workspaceId: string): FileRow[] =>
    [...rows.values()]
      .filter((row) => row.workspaceId === workspaceId)
      .toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1))
  const usersOf = (content: string): FileRow[] => [...rows.values()].filter((row) => row.content === content)
  const isOver = ({ expiresAt }: FileRow, now: Date): boolean => expiresAt !== null && expiresAt <= now
  return {
    rows,
    begun,
    async begin(_, content) {
      begun.set(content, { at: new Date(), finished: false })
    },
    async create(file) {
      const stored = rows.get(file.id)
      if (stored) return stored
      const { content } = file
      const row = content === null ? undefined : begun.get(content)
      if (content === null || !row) throw new Error('expected a content that was begun')
      begun.set(content, { ...row, finished: true })
      rows.set(file.id, file)
      return file
    },
    async copy(workspaceId, scopeId, copies) {
      const now = new Date()
      for (const { id, original } of copies) {
        const file = rows.get(original)
        if (file?.workspaceId !== workspaceId || file.content === null || isOver(file, now) || rows.has(id)) continue
        rows.set(id, { ...file, id, scopeId, downloadable: false, createdAt: now, expiresAt: null })
      }
      return copies.flatMap(({ id }) => rows.get(id) ?? []).filter((row) => row.scopeId === scopeId)
    },
    read: async (workspaceId, id) => newestFirst(workspaceId).find((row) => row.id === id) ?? null,
    readAll: async (workspaceId, ids) => newestFirst(workspaceId).filter(({ id }) => ids.includes(id)),
    async list(workspaceId, { limit, from, scopeId }) {
      return newestFirst(workspaceId)
        .filter((row) => scopeId === undefined || row.scopeId === scopeId)
        .filter(
          ({ createdAt, id }) =>
            !from || createdAt < from.createdAt || (createdAt.getTime() === from.createdAt.getTime() && id < from.id),
        )
        .slice(0, limit)
    },
    async delete(workspaceId, id) {
      const row = rows.get(id)
      if (row?.workspaceId !== workspaceId) return null
      rows.delete(id)
      return { content: row.content !== null && usersOf(row.content).length > 0 ? null : row.content }
    },
    async spare({ now, begunBefore }) {
      return [...begun]
        .filter(([key, { at, finished }]) => {
          const isDue = finished || at < begunBefore
          return isDue && usersOf(key).every((row) => isOver(row, now))
        })
        .map(([key]) => key)
    },
    async forget(content, now) {
      for (const row of usersOf(content)) if (isOver(row, now)) rows.set(row.id, { ...row, content: null })
      if (usersOf(content).length === 0) begun.delete(content)
    },
  }
}
