import type { CloudConfig } from '../wire/types.ts'
import { registryHosts } from './registries.ts'
import type { Target } from './target.ts'
import { Refusal } from './refusal.ts'

/** What one sandbox may reach. A host that begins with `*.` stands for every name below it and not for that itself. */
export type Policy = { readonly type: 'unrestricted' } | { readonly type: 'limited'; readonly hosts: readonly string[] }

/** Nothing: for a sandbox that nobody has asked a network for. */
export const closedPolicy: Policy = { type: 'limited', hosts: [] }

const openPorts = [80, 443]
const mostNamed = 20

/** The policy that an environment's networking comes to, for an agent with these MCP servers. */
export function toPolicy(networking: CloudConfig['networking'], servers: readonly { readonly url: string }[]): Policy {
  if (networking.type === 'unrestricted') return { type: 'unrestricted' }
  const hosts = [
    ...networking.allowed_hosts.map((host) => host.toLowerCase()),
    ...(networking.allow_package_managers ? registryHosts : []),
    ...(networking.allow_mcp_servers ? servers.map(({ url }) => new URL(url).hostname) : []),
  ]
  return { type: 'limited', hosts: [...new Set(hosts)] }
}

/** Throws `Refusal` with a sentence for the model when the policy does not let this target through. */
export function requireAllowed(policy: Policy, { host, port }: Target): void {
  if (policy.type === 'limited' && !allows(policy, host))
    throw new Refusal(403, `The network of this environment does not allow ${host}. ${describe(policy.hosts)}`)
  if (!openPorts.includes(port))
    throw new Refusal(403, `The network of this sandbox allows ports 80 and 443 alone, not ${port} of ${host}.`)
}

/** Whether a policy names this host. */
export function allows(policy: Policy, host: string): boolean {
  const isMeant = (pattern: string) => (pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern)
  return policy.type === 'unrestricted' || policy.hosts.some(isMeant)
}

function describe(hosts: readonly string[]): string {
  if (hosts.length === 0) return 'It allows no host at all.'
  const more = hosts.length > mostNamed ? ` and ${hosts.length - mostNamed} more` : ''
  return `It allows ${hosts.slice(0, mostNamed).join(', ')}${more}.`
}
