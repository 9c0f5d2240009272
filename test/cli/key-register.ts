import type { KeyRegister } from '../../src/cli/keys.ts'

type Key = Awaited<ReturnType<KeyRegister['store']['list']>>[number]
type Workspace = Awaited<ReturnType<KeyRegister['store']['workspaces']>>[number]

export const noon = new Date('2026-03-01T12:00:00.000Z')

interface StoredKey {
  readonly id: string
  readonly name: string
  readonly revokedAt: Date | null
}

/** Keys in memory as a store lists and revokes them; `isTaken` says whether one that is good has the name beside it. */
export function keepKeys<K extends StoredKey>() {
  const keys: K[] = []
  return {
    keys,
    isTaken: (name: string, isBeside: (key: K) => boolean): boolean =>
      keys.some((key) => key.name === name && key.revokedAt === null && isBeside(key)),
    list: async () => keys,
    async revoke(id: string, at: Date): Promise<K | null> {
      const index = keys.findIndex((key) => key.id === id)
      const key = keys[index]
      if (!key) return null
      const revoked = { ...key, revokedAt: key.revokedAt ?? at }
      keys[index] = revoked
      return revoked
    },
  }
}

/** A register over a store in memory, and what was printed and warned of. */
export function fakeRegister({ json = false }: { readonly json?: boolean } = {}) {
  const workspaces: Workspace[] = [{ id: 'default', name: 'Default', createdAt: noon }]
  const { keys, isTaken, list, revoke } = keepKeys<Key & { readonly secret: string }>()
  const out: string[] = []
  const err: string[] = []
  const minted = new Map<string, number>()
  const register: KeyRegister = {
    json,
    print: (line) => out.push(line),
    warn: (line) => err.push(line),
    mintId(prefix) {
      minted.set(prefix, (minted.get(prefix) ?? 0) + 1)
      return `${prefix}_${minted.get(prefix)}`
    },
    store: {
      workspaces: async () => workspaces,
      async createWorkspace(id, name) {
        if (workspaces.some((known) => known.name.toLowerCase() === name.toLowerCase())) return null
        const workspace = { id, name, createdAt: noon }
        workspaces.push(workspace)
        return workspace
      },
      async create({ id, name, workspaceId }, secret) {
        if (isTaken(name, (key) => key.workspaceId === workspaceId)) return null
        const key = { id, name, workspaceId, ending: secret.slice(-4), createdAt: noon, revokedAt: null, secret }
        keys.push(key)
        return key
      },
      list,
      revoke,
    },
  }
  return { register, keys, workspaces, out, err }
}
