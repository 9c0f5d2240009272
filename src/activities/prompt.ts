import type { Harness } from '../model/harness.ts'
import type { ConfiguredMount, ConfiguredRecipe } from '../store/sessions.ts'
import type { Networking, SessionAgent } from '../wire/types.ts'

/** Hosts that are named; a prompt is no place for all of a long list. */
const MOST_HOSTS = 50

/** Where the agent's tools run. */
export interface Workplace {
  readonly networking?: Networking | undefined
  /** On a machine of the user's, of which nothing is known here. */
  readonly selfHosted?: true | undefined
  /** What there was to be mounted when the session began. */
  readonly recipe?: Pick<ConfiguredRecipe, 'mounts' | 'moreMounts' | 'hands'> | undefined
}

/**
 * What the agent is told before the conversation, one text per system block: the harness's part, with what is true of the
 * session's sandbox, then the agent's own. It follows from the session's configuration, so it stays the same byte for byte.
 */
export function promptOf(agent: SessionAgent, harness: Harness, place: Workplace): readonly string[] {
  return [...partsFor(harness, place), agent.system ?? ''].filter((text) => text.trim() !== '')
}

function partsFor(harness: Harness, { networking, selfHosted, recipe }: Workplace): readonly string[] {
  if (selfHosted && harness.remote) return harness.remote.systemParts
  const facts = new Map([['{network}', networkOf(harness, networking)], ...mountsOf(harness, recipe)])
  // In one go: what a client has named may look like a place.
  const parts = harness.systemParts.map((part) => part.replace(/\{[a-z]+\}/g, (place) => facts.get(place) ?? place))
  return [...parts, ...handsPart(harness, recipe)]
}

/** What is said of further hands, each with what it reaches; nothing where there are none. */
function handsPart(harness: Harness, { hands = {} }: NonNullable<Workplace['recipe']> = {}): readonly string[] {
  const named = Object.entries(hands).map(([name, { networking }]) => `- ${name}: ${networkOf(harness, networking)}`)
  return harness.hands && named.length > 0 ? [harness.hands.replace('{named}', () => named.join('\n'))] : []
}

/** What a place in a part stands for, place by place; nothing where the harness says it in its own words. */
function mountsOf(
  { mounts: words }: Harness,
  { mounts = [], moreMounts: more = 0 }: NonNullable<Workplace['recipe']> = {},
): (readonly [place: string, fact: string])[] {
  if (!words) return []
  const files = mounts.flatMap(({ path, url }) => (url === undefined ? [path] : []))
  const named = [...files, ...(more > 0 ? [`${more} more`] : [])].join(', ')
  const repositories = mounts.filter(({ url }) => url !== undefined).map(describeRepository)
  const cloned = words.repositories.replace('{named}', () => repositories.join(', '))
  return [
    ['{files}', words.files.replace('{named}', () => (named === '' ? '' : `: ${named}`))],
    ['{repositories}', repositories.length === 0 ? '' : cloned],
  ]
}

function describeRepository({ url, path, checkout }: ConfiguredMount): string {
  const at = checkout?.type === 'commit' ? ` (commit ${checkout.sha})` : checkout ? ` (branch ${checkout.name})` : ''
  return `${url} in ${path}${at}`
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
