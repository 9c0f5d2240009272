import { closedPolicy, toPolicy } from './egress/policy.ts'
import type { Permit } from './egress/proxy-options.ts'
import type { RepositoryRoute } from './egress/repository-route.ts'
import { PUBLIC_GITHUB } from './egress/repository-route.ts'
import { MAIN, RecipeFailed } from './hands/recipe.ts'
import type { Log } from './log.ts'
import type { EnvironmentStore } from './store/environments.ts'
import type { ResourceSecret, ResourceSecretStore } from './store/resource-secrets.ts'
import { placeOfSecret } from './store/resource-secrets.ts'
import type { SecretBox } from './store/secrets.ts'
import type { SessionResourceStore } from './store/session-resources.ts'
import type { SessionStore } from './store/sessions.ts'
import { handRecipeOf } from './wire/session-hands.ts'
import type { Networking } from './wire/types.ts'

/** What a session's sandbox may reach, and in whose name. */
export type PermitOf = (session: string, hand: string) => Promise<Permit>

/** Nothing: for a sandbox that nobody has asked a network for. */
export const closedPermit: Permit = { policy: closedPolicy, credentials: [] }

/** For the package managers of an environment: their registries, and what its network has open beside them. */
export function permitToInstall(networking: Networking | undefined): Permit {
  const limited = { type: 'limited' as const, allowed_hosts: [], allow_mcp_servers: false }
  const open =
    networking?.type === 'unrestricted' ? networking : { ...limited, ...networking, allow_package_managers: true }
  return { policy: toPolicy(open, []), credentials: [] }
}

export interface PermitSources {
  readonly sessions: Pick<SessionStore, 'find' | 'configuration'>
  readonly environments: Pick<EnvironmentStore, 'read'>
  readonly resources: Pick<SessionResourceStore, 'repositories'>
  readonly resourceSecrets: Pick<ResourceSecretStore, 'of'>
  /** Null: no secret can be opened here. */
  readonly box: SecretBox | null
  /** Where the repositories of github.com are. */
  readonly github: string
  readonly log: Pick<Log, 'warn'>
}

/**
 * What a session was created with, for its agent; sessions from before that was kept go by their environment. One that is
 * not there may reach nothing, nor a hand that the session does not have. Repositories are the main hand's, with the tokens
 * that they have at present. Rejects with `RecipeFailed` where the session is there and what it was created with is not.
 */
export function createPermitOf(sources: PermitSources): PermitOf {
  const { sessions, environments } = sources
  return async (session, hand) => {
    const [row, configuration] = await Promise.all([sessions.find(session), sessions.configuration(session)])
    if (row === null) return closedPermit
    if (configuration === null)
      throw new RecipeFailed(
        `the configuration of session ${session}, which says what its sandboxes may reach, is not in the database. Once that row ` +
          'is restored from a backup the next call works; until then only a new session can go on.',
      )
    const { agent, networking, recipe } = configuration
    const environment = networking ? null : await environments.read(row.workspaceId, row.environmentId)
    const cloud = environment?.config.type === 'cloud' ? environment.config.networking : undefined
    const own = networking ?? cloud
    const allowed = hand === MAIN ? own : handRecipeOf(recipe, hand)?.networking
    const repositories = hand === MAIN ? await routesOf(sources, session) : []
    return {
      policy: allowed === undefined ? closedPolicy : toPolicy(allowed, agent.mcp_servers),
      credentials: [],
      ...(repositories.length > 0 && { repositories }),
    }
  }
}

async function routesOf(sources: PermitSources, session: string): Promise<readonly RepositoryRoute[]> {
  const { resources, resourceSecrets, github } = sources
  const rows = await resources.repositories(session)
  const repositories = rows.flatMap(({ resource }) => (resource.type === 'github_repository' ? [resource] : []))
  if (repositories.length === 0) return []
  const secrets = new Map((await resourceSecrets.of(session)).map((secret) => [secret.resourceId, secret]))
  return repositories.map(({ id, url }) => {
    const secret = secrets.get(id)
    const authorization = secret === undefined ? null : authorize(sources, secret)
    return {
      url,
      upstream: url.startsWith(`${github}/`) ? url : `${github}${new URL(url).pathname}`,
      isTrusted: github !== PUBLIC_GITHUB,
      ...(authorization !== undefined && { authorization }),
    }
  })
}

/** A token that cannot be opened is not at hand, which is not the same as none; the session goes on without it. */
function authorize({ box, log }: PermitSources, secret: ResourceSecret): string | undefined {
  try {
    if (box === null) throw new Error('this process has no key for stored secrets')
    const token = box.open(secret.sealed, placeOfSecret(secret))
    return `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`
  } catch (err) {
    log.warn(
      { err, session: secret.sessionId, resource: secret.resourceId },
      'the token of a repository is not at hand',
    )
    return undefined
  }
}
