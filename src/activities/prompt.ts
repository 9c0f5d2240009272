import type { Harness } from '../model/harness.ts'
import type { Networking, SessionAgent } from '../wire/types.ts'

/** Hosts that are named; a prompt is no place for all of a long list. */
const MOST_HOSTS = 50

/**
 * What the agent is told before the conversation, one text per system block: the harness's part, with what is true of the
 * session's sandbox, then the agent's own. It follows from the session's configuration, so it stays the same byte for byte.
 */
export function promptOf(agent: SessionAgent, harness: Harness, networking: Networking | undefined): readonly string[] {
  const network = networkOf(harness, networking)
  const parts = harness.systemParts.map((part) => part.replaceAll('{network}', () => network))
  return [...parts, agent.system ?? ''].filter((text) => text.trim() !== '')
}

/** Older harnesses say it in their own words. */
function networkOf({ network }: Harness, networking: Networking | undefined): string {
  if (!network) return ''
  if (networking?.type !== 'limited') return network.unrestricted
  const { allowed_hosts: hosts, allow_package_managers: registries, allow_mcp_servers: servers } = networking
  const more = hosts.length - MOST_HOSTS
  const named = [
    ...hosts.slice(0, MOST_HOSTS),
    ...(more > 0 ? [`${more} more hosts`] : []),
    ...(registries ? ['the public package registries'] : []),
    ...(servers ? ['the hosts of your MCP servers'] : []),
  ]
  return named.length === 0 ? network.none : network.limited.replaceAll('{hosts}', () => named.join(', '))
}
