import { ApiError } from './errors.ts'
import type { CloudConfig, CloudConfigParams, Environment, EnvironmentCreate } from './types.ts'

export interface EnvironmentContext {
  readonly id: string
  /** RFC 3339. */
  readonly now: string
}

type Networking = CloudConfig['networking']
type Packages = CloudConfig['packages']

/**
 * A new environment with every default filled in. Networking is stored as it was asked for and is a limit, not a
 * promise: a local sandbox has no network at all, which keeps within `unrestricted` and `limited` alike.
 * @throws ApiError 400 for the scope `account`, and for packages that the networking would keep out.
 */
export function createEnvironment(body: EnvironmentCreate, { id, now }: EnvironmentContext): Environment {
  if (body.scope === 'account') throw new ApiError('invalid_request', 'scope: expected "organization", got "account"')
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

/** Names of the packages that an environment asks for, over all managers. */
export function packagesOf({ packages }: CloudConfig): string[] {
  const { apt, cargo, gem, go, npm, pip } = packages
  return [...apt, ...cargo, ...gem, ...go, ...npm, ...pip]
}

function resolveCloud(params: CloudConfigParams | null | undefined): CloudConfig {
  const config: CloudConfig = {
    type: 'cloud',
    networking: resolveNetworking(params?.networking),
    packages: resolvePackages(params?.packages),
  }
  const { networking } = config
  if (networking.type === 'limited' && !networking.allow_package_managers && packagesOf(config).length > 0) {
    throw new ApiError('invalid_request', 'config.packages: expected networking.allow_package_managers to be true')
  }
  return config
}

function resolveNetworking(params: CloudConfigParams['networking']): Networking {
  if (params?.type !== 'limited') return { type: 'unrestricted' }
  return {
    type: 'limited',
    allowed_hosts: params.allowed_hosts ?? [],
    allow_mcp_servers: params.allow_mcp_servers ?? false,
    allow_package_managers: params.allow_package_managers ?? false,
  }
}

function resolvePackages(params: CloudConfigParams['packages']): Packages {
  const { apt, cargo, gem, go, npm, pip } = params ?? {}
  return {
    type: 'packages',
    apt: apt ?? [],
    cargo: cargo ?? [],
    gem: gem ?? [],
    go: go ?? [],
    npm: npm ?? [],
    pip: pip ?? [],
  }
}
