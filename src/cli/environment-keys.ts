import { randomBytes } from 'node:crypto'
import { toColumns } from './columns.ts'
import { EXIT } from './exit.ts'
import { pickKey, standingOf } from './keys.ts'
import { faultInName } from './workspaces.ts'

interface EnvironmentKey {
  readonly id: string
  readonly environmentId: string
  readonly name: string
  /** The last characters of the secret, or nothing. */
  readonly ending: string
  readonly createdAt: Date
  readonly revokedAt: Date | null
}

/** What the commands work with; the store is the one that the api processes ask about every poll. */
export interface EnvironmentKeyRegister {
  readonly store: {
    create(
      key: Pick<EnvironmentKey, 'id' | 'environmentId' | 'name'>,
      secret: string,
    ): Promise<EnvironmentKey | 'taken' | 'missing' | 'cloud'>
    list(): Promise<readonly EnvironmentKey[]>
    /** Keeps the first time; null for an unknown id. */
    revoke(id: string, at: Date): Promise<EnvironmentKey | null>
  }
  readonly mintId: (prefix: 'key') => string
  /** One line of JSON on stdout instead of lines to read. */
  readonly json: boolean
  readonly print: (line: string) => void
  readonly warn: (line: string) => void
}

/**
 * Makes a key for the workers of a self-hosted environment. Its secret, 24 random bytes, is printed on stdout, alone on
 * its line, and is nowhere else from then on. Resolves with the exit code: 0, 2 for a bad name or a cloud environment, 4
 * for an unknown one, 1 for a name that is taken.
 */
export async function createEnvironmentKey(
  { store, mintId, json, print, warn }: EnvironmentKeyRegister,
  environmentId: string,
  name: string,
): Promise<number> {
  const fault = faultInName(name)
  if (fault !== undefined) {
    warn(fault)
    return EXIT.usage
  }
  const secret = `lh_env_${randomBytes(24).toString('base64url')}`
  const key = await store.create({ id: mintId('key'), environmentId, name }, secret)
  if (key === 'missing') {
    warn(`no environment ${JSON.stringify(environmentId)}: make one with the API, of the type self_hosted`)
    return EXIT.missing
  }
  if (key === 'cloud') {
    warn(`${environmentId} is a cloud environment: its sandboxes are the server's`)
    return EXIT.usage
  }
  if (key === 'taken') {
    warn(`${environmentId} has a key named ${JSON.stringify(name)}: revoke it, or choose another --name`)
    return EXIT.failed
  }
  if (json) print(JSON.stringify({ ...toJson(key), secret }))
  else {
    print(secret)
    warn(`${key.id} (${name}) is for workers of ${environmentId}; its secret is shown this once`)
  }
  return EXIT.done
}

/** Prints the keys of all environments, or of one. Resolves with the exit code 0. */
export async function listEnvironmentKeys(
  { store, json, print }: EnvironmentKeyRegister,
  environmentId: string | undefined,
): Promise<number> {
  const keys = (await store.list()).filter((key) => environmentId === undefined || key.environmentId === environmentId)
  const rows = keys.map((key) => [key.id, key.name, key.environmentId, ...standingOf(key)])
  const titles = ['ID', 'NAME', 'ENVIRONMENT', 'CREATED', 'SECRET', 'STATE']
  for (const line of json ? [JSON.stringify(keys.map(toJson))] : toColumns([titles, ...rows])) print(line)
  return EXIT.done
}

/**
 * Revokes a key, and with it the tokens that it polled, by its id, or by its name in an environment: of several that had
 * the name, the one that is valid. Resolves with the exit code: 0, or 4 when there is no such key.
 */
export async function revokeEnvironmentKey(
  { store, json, print, warn }: EnvironmentKeyRegister,
  reference: string,
  environmentId: string | undefined,
): Promise<number> {
  const isMeant = (key: EnvironmentKey) => key.id === reference || key.environmentId === environmentId
  const found = pickKey((await store.list()).filter(isMeant), reference)
  const key = found && (await store.revoke(found.id, new Date()))
  if (!key) {
    const where = environmentId === undefined ? '; a name needs --environment' : ` in ${environmentId}`
    warn(`no environment key ${JSON.stringify(reference)}${where}: see longhand environments keys list`)
    return EXIT.missing
  }
  const since = found.revokedAt === null ? '' : ` since ${found.revokedAt.toISOString()}`
  print(json ? JSON.stringify(toJson(key)) : `${key.id} (${key.name}, ${key.environmentId}) is revoked${since}`)
  return EXIT.done
}

function toJson({ id, name, environmentId, ending, createdAt, revokedAt }: EnvironmentKey): object {
  return { id, name, environment_id: environmentId, ending, created_at: createdAt, revoked_at: revokedAt }
}
