import { randomBytes } from 'node:crypto'
import { toColumns } from './columns.ts'
import { EXIT } from './exit.ts'
import type { WorkspaceRegister } from './workspaces.ts'
import { faultInName, findWorkspace } from './workspaces.ts'

interface Key {
  readonly id: string
  readonly name: string
  readonly workspaceId: string
  /** The last characters of the secret, or nothing. */
  readonly ending: string
  readonly createdAt: Date
  readonly revokedAt: Date | null
}

/** What the commands work with; the store is the one that the api processes ask about every request. */
export interface KeyRegister extends WorkspaceRegister {
  readonly store: WorkspaceRegister['store'] & {
    /** Null when a key of the workspace has that name. */
    create(key: Pick<Key, 'id' | 'name' | 'workspaceId'>, secret: string): Promise<Key | null>
    list(): Promise<readonly Key[]>
    /** Keeps the first time; null for an unknown id. */
    revoke(id: string, at: Date): Promise<Key | null>
  }
}

/** The name under which the api registers the key of `LONGHAND_API_KEY`. */
const CONFIGURED = 'configured'

/**
 * Makes a key. Its secret, 24 random bytes, is printed on stdout, alone on its line, and is nowhere else from then on.
 * Resolves with the exit code: 0, 2 for a bad name, 4 for an unknown workspace, 1 for a name that is taken.
 */
export async function createKey(register: KeyRegister, name: string, workspace: string): Promise<number> {
  const { store, mintId, json, print, warn } = register
  const fault = name === CONFIGURED ? `the name ${CONFIGURED} is that of LONGHAND_API_KEY's key` : faultInName(name)
  if (fault !== undefined) {
    warn(fault)
    return EXIT.usage
  }
  const workspaceId = await findWorkspace(register, workspace)
  if (workspaceId === undefined) return EXIT.missing
  const secret = `lh_${randomBytes(24).toString('base64url')}`
  const key = await store.create({ id: mintId('key'), name, workspaceId }, secret)
  if (key === null) {
    warn(`workspace ${workspaceId} has a key named ${JSON.stringify(name)}: revoke it, or choose another name`)
    return EXIT.failed
  }
  if (json) print(JSON.stringify({ ...toJson(key), secret }))
  else {
    print(secret)
    warn(`${key.id} (${name}) opens workspace ${workspaceId}; its secret is shown this once`)
  }
  return EXIT.done
}

/** Prints the keys of all workspaces, or of one. Resolves with the exit code: 0, or 4 for an unknown workspace. */
export async function listKeys(register: KeyRegister, workspace: string | undefined): Promise<number> {
  const { store, json, print } = register
  const workspaceId = workspace === undefined ? undefined : await findWorkspace(register, workspace)
  if (workspace !== undefined && workspaceId === undefined) return EXIT.missing
  const keys = (await store.list()).filter((key) => workspaceId === undefined || key.workspaceId === workspaceId)
  const rows = keys.map((key) => [key.id, key.name, key.workspaceId, ...standingOf(key)])
  const titles = ['ID', 'NAME', 'WORKSPACE', 'CREATED', 'SECRET', 'STATE']
  for (const line of json ? [JSON.stringify(keys.map(toJson))] : toColumns([titles, ...rows])) print(line)
  return EXIT.done
}

/**
 * Revokes a key by its id, or by its name in a workspace: of several that had the name, the one that is valid. To revoke
 * it again is fine and changes nothing. Resolves with the exit code: 0, or 4 when there is no such key or workspace.
 */
export async function revokeKey(register: KeyRegister, reference: string, workspace: string): Promise<number> {
  const { store, json, print, warn } = register
  const keys = await store.list()
  const workspaceId = keys.find(({ id }) => id === reference)?.workspaceId ?? (await findWorkspace(register, workspace))
  if (workspaceId === undefined) return EXIT.missing
  const found = pickKey(
    keys.filter((key) => key.workspaceId === workspaceId),
    reference,
  )
  const key = found && (await store.revoke(found.id, new Date()))
  if (!key) {
    warn(`no key ${JSON.stringify(reference)} in workspace ${workspaceId}: see longhand keys list`)
    return EXIT.missing
  }
  const since = found.revokedAt === null ? '' : ` since ${found.revokedAt.toISOString()}`
  print(json ? JSON.stringify(toJson(key)) : `${key.id} (${key.name}, workspace ${workspaceId}) is revoked${since}`)
  if (key.name === CONFIGURED) {
    warn('it was the key of LONGHAND_API_KEY or of the file api-key in a data folder: configure another, or delete the')
    warn('file for a new one at the next start; this one opens nothing any more, even if it is configured again')
  }
  return EXIT.done
}

type Standing = Pick<Key, 'id' | 'name' | 'ending' | 'createdAt' | 'revokedAt'>

/** The columns CREATED, SECRET and STATE of a key. */
export function standingOf({ createdAt, ending, revokedAt }: Standing): readonly string[] {
  const state = revokedAt === null ? 'valid' : `revoked ${revokedAt.toISOString()}`
  return [createdAt.toISOString(), ending === '' ? '-' : `…${ending}`, state]
}

/** The key of this id, else that of this name: of several, the one that is valid, or the last. */
export function pickKey<K extends Standing>(keys: readonly K[], reference: string): K | undefined {
  const named = keys.filter(({ name }) => name === reference)
  const byId = keys.find(({ id }) => id === reference)
  return byId ?? named.find(({ revokedAt }) => revokedAt === null) ?? named.at(-1)
}

function toJson({ id, name, workspaceId, ending, createdAt, revokedAt }: Key): object {
  return { id, name, workspace_id: workspaceId, ending, created_at: createdAt, revoked_at: revokedAt }
}
