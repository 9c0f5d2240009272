import { equals } from './equals.ts'
import { ApiError } from './errors.ts'
import { patchMetadata } from './metadata.ts'
import { provisioningOf, refuseOwnMetadata, runtimeOf } from './own-metadata.ts'
import type {
  CloudConfig,
  CloudConfigParams,
  Environment,
  EnvironmentCreate,
  EnvironmentUpdate,
  Networking,
} from './types.ts'

export interface EnvironmentContext {
  readonly id: string
  /** RFC 3339. */
  readonly now: string
}

type Packages = CloudConfig['packages']

/** Of packages. */
const MANAGERS = ['apt', 'cargo', 'gem', 'go', 'npm', 'pip'] as const

/**
 * A new environment with every default filled in.
 * @throws ApiError 400 `invalid_metadata`, and 400 for the scope `account` and for packages that the networking would keep out.
 */
export function createEnvironment(body: EnvironmentCreate, { id, now }: EnvironmentContext): Environment {
  refuseScope(body.scope)
  refuseOwnMetadata(body.metadata ?? {}, body.config?.type ?? 'cloud')
  return {
    id,
    type: 'environment',
    name: body.name,
    description: body.description ?? null,
    config: body.config?.type === 'self_hosted' ? { type: 'self_hosted' } : resolveCloud(body.config),
    metadata: body.metadata ?? {},
    scope: 'organization',
    created_at: now,
    updated_at: now,
    archived_at: null,
  }
}

/**
 * The environment after an update: a field left out keeps its value, at every depth of a cloud configuration, and so
 * does `null` but in `description`, which it clears. Lists are replaced whole; `null` or an empty text deletes a key of
 * metadata. When nothing really changes the answer is `stored` itself.
 * @throws ApiError 400 `environment_archived`, 400 `invalid_config_type_change`, 400 `invalid_metadata`, and 400 for what
 * a new environment is refused for.
 */
export function updateEnvironment(stored: Environment, body: EnvironmentUpdate, now: string): Environment {
  if (stored.archived_at !== null) {
    throw new ApiError('invalid_request', `${stored.id} is archived and cannot be changed`, {
      code: 'environment_archived',
    })
  }
  refuseScope(body.scope)
  const metadata = withoutBlanks(body.metadata)
  refuseOwnMetadata(metadata, stored.config.type)
  const next: Environment = {
    ...stored,
    name: body.name ?? stored.name,
    description: body.description === undefined ? stored.description : body.description,
    config: mergeConfig(stored.config, body.config),
    metadata: patchMetadata(stored.metadata, metadata),
  }
  return equals(next, stored) ? stored : { ...next, updated_at: now }
}

/** What of the network an environment opens, as a session keeps it; nothing of one whose sandboxes are its owner's. */
export function networkingOf({ config }: Environment): { readonly networking?: Networking } {
  return config.type === 'cloud' ? { networking: config.networking } : {}
}

/** What an environment asks of its sandboxes besides the network. */
export interface EnvironmentRecipe {
  readonly packages?: Packages
  readonly runtime?: string
  /** When they are made; `lazy`: with the first call that needs one. */
  readonly provisioning?: 'first' | 'parallel' | 'lazy'
}

/** The same as a session keeps it: absent where the environment asks for nothing. */
export function recipeOf({ config, metadata }: Environment): { readonly recipe?: EnvironmentRecipe } {
  if (config.type !== 'cloud') return {}
  const provisioning = provisioningOf({ metadata })
  const runtime = runtimeOf({ metadata })
  const recipe = {
    ...(packagesOf(config).length === 0 ? {} : { packages: config.packages }),
    ...(runtime === undefined ? {} : { runtime }),
    ...(provisioning === undefined ? {} : { provisioning }),
  }
  return Object.keys(recipe).length === 0 ? {} : { recipe }
}

/** Names of the packages that an environment asks for, over all managers. */
export function packagesOf({ packages }: CloudConfig): string[] {
  return MANAGERS.flatMap((manager) => packages[manager])
}

function refuseScope(scope: EnvironmentCreate['scope']): void {
  if (scope === 'account') throw new ApiError('invalid_request', 'scope: expected "organization", got "account"')
}

function withoutBlanks(patch: EnvironmentUpdate['metadata']): Record<string, string | null> {
  return Object.fromEntries(Object.entries(patch ?? {}).map(([key, value]) => [key, value || null]))
}

function mergeConfig(stored: Environment['config'], params: EnvironmentUpdate['config']): Environment['config'] {
  if (params == null) return stored
  if (params.type !== stored.type) {
    const message = `config.type: expected "${stored.type}", which cannot change, got "${params.type}"`
    throw new ApiError('invalid_request', message, { code: 'invalid_config_type_change' })
  }
  return params.type === 'cloud' && stored.type === 'cloud' ? resolveCloud(params, stored) : stored
}

/** The configuration in full: what the parameters leave out is taken from `stored`, or else open and empty. */
function resolveCloud(params: CloudConfigParams | null | undefined, stored?: CloudConfig): CloudConfig {
  const config: CloudConfig = {
    type: 'cloud',
    networking: resolveNetworking(params?.networking, stored?.networking),
    packages: resolvePackages(params?.packages, stored?.packages),
  }
  const { networking } = config
  refuseOddPackages(params?.packages)
  if (networking.type === 'limited' && !networking.allow_package_managers && packagesOf(config).length > 0) {
    throw new ApiError('invalid_request', 'config.packages: expected networking.allow_package_managers to be true')
  }
  return config
}

/** What a package manager would take for one of its own options, or for more than one package. */
function refuseOddPackages(packages: CloudConfigParams['packages']): void {
  for (const manager of MANAGERS)
    for (const [index, name] of (packages?.[manager] ?? []).entries()) {
      if (/^[^-\s]/.test(name) && !/\p{Cc}/u.test(name)) continue
      const expected = 'a package, which begins with neither "-" nor a space and has no control characters'
      const message = `config.packages.${manager}[${index}]: expected ${expected}, got ${JSON.stringify(name)}`
      throw new ApiError('invalid_request', message)
    }
}

/** A limited network keeps what is left out only if it was limited before. */
function resolveNetworking(params: CloudConfigParams['networking'], stored: Networking | undefined): Networking {
  if (params == null) return stored ?? { type: 'unrestricted' }
  if (params.type === 'unrestricted') return { type: 'unrestricted' }
  const base = stored?.type === 'limited' ? stored : undefined
  return {
    type: 'limited',
    allowed_hosts: params.allowed_hosts ?? base?.allowed_hosts ?? [],
    allow_mcp_servers: params.allow_mcp_servers ?? base?.allow_mcp_servers ?? false,
    allow_package_managers: params.allow_package_managers ?? base?.allow_package_managers ?? false,
  }
}

function resolvePackages(params: CloudConfigParams['packages'], stored: Packages | undefined): Packages {
  const of = (manager: (typeof MANAGERS)[number]): string[] => params?.[manager] ?? stored?.[manager] ?? []
  return {
    type: 'packages',
    apt: of('apt'),
    cargo: of('cargo'),
    gem: of('gem'),
    go: of('go'),
    npm: of('npm'),
    pip: of('pip'),
  }
}
