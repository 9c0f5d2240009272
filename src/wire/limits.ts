import { IMAGE_TYPES } from './media.ts'
import { METADATA_LIMITS } from './metadata.ts'
import type { Definition, SchemaNode, WireSchema } from './schema.ts'

/** Of a `deny_message`, in units of UTF-16; a decision of the log repeats it. */
export const DENIAL_LENGTH = 8_000

/** Items on a page when a request names no number, and the most it may name. Upstream publishes none for environments and sessions. */
export const PAGE_SIZES = {
  'agents.list': { default: 20, max: 100 },
  'agents.versions': { default: 20, max: 100 },
  'environments.list': { default: 20, max: 100 },
  'files.list': { default: 20, max: 1000 },
  'sessions.list': { default: 20, max: 100 },
  'events.list': { default: 1000, max: 1000 },
  'resources.list': { default: 1000, max: 1000 },
  'threads.list': { default: 1000, max: 1000 },
  'threads.events': { default: 1000, max: 1000 },
  'models.list': { default: 20, max: 1000 },
  'work.list': { default: 100, max: 1000 },
} as const

/** Property of a definition, and the keywords that it gets besides the generated ones. */
type Limit = readonly [definition: string, property: string, keywords: SchemaNode]

const MAX_INT = 2 ** 31 - 1
const VERSION = { type: 'integer', minimum: 1, maximum: MAX_INT }
const REFERENCE = { minLength: 1, maxLength: 256 }
/** Ours: the longest that Linux takes. */
const PATH = { minLength: 1, maxLength: 4095 }
const TIMES = { format: 'timestamp' }
const TOOLS = { maxItems: 256 }
const SERVERS = { maxItems: 20 }
const SKILLS = { maxItems: 500 }
const ROSTER = { maxItems: 20 }
const SYSTEM = { maxLength: 100_000 }
const SOURCE_TOOLS = { minItems: 1, maxItems: 128, uniqueItems: true }
const DOMAINS = {
  minItems: 1,
  maxItems: 64,
  uniqueItems: true,
  items: { minLength: 1, maxLength: 255, format: 'domain' },
}

/** Created bags; a patch may name more keys, its result is what counts. */
const METADATA = { maxProperties: METADATA_LIMITS.pairs, ...metadataOf('string') }
const METADATA_PATCH = { then: { ...metadataOf(['string', 'null']) } }

function metadataOf(type: string | readonly string[]): SchemaNode {
  return {
    propertyNames: { maxLength: METADATA_LIMITS.key },
    additionalProperties: { type, maxLength: METADATA_LIMITS.value },
  }
}

function pageOf(route: keyof typeof PAGE_SIZES): SchemaNode {
  return { type: 'integer', minimum: 1, maximum: PAGE_SIZES[route].max }
}

/**
 * What the API limits and the SDK's types cannot say: from the comments of the SDK and the published pages. Rows marked
 * "ours" bound what upstream leaves open.
 */
const LIMITS: readonly Limit[] = [
  ['AgentCreate', 'model', REFERENCE],
  ['AgentCreate', 'name', { minLength: 1, maxLength: 256 }],
  ['AgentCreate', 'description', { maxLength: 2048 }],
  ['AgentCreate', 'system', SYSTEM],
  ['AgentCreate', 'tools', TOOLS],
  ['AgentCreate', 'mcp_servers', SERVERS],
  ['AgentCreate', 'skills', SKILLS],
  ['AgentCreate', 'metadata', METADATA],
  ['AgentUpdate', 'model', REFERENCE],
  ['AgentUpdate', 'name', { minLength: 1, maxLength: 256 }],
  ['AgentUpdate', 'description', { maxLength: 2048 }],
  ['AgentUpdate', 'system', SYSTEM],
  ['AgentUpdate', 'tools', TOOLS],
  ['AgentUpdate', 'mcp_servers', SERVERS],
  ['AgentUpdate', 'skills', SKILLS],
  ['AgentUpdate', 'metadata', METADATA_PATCH],
  ['AgentUpdate', 'version', VERSION],
  ['AgentOverrides', 'id', REFERENCE],
  ['AgentOverrides', 'model', REFERENCE],
  ['AgentOverrides', 'version', VERSION],
  ['AgentOverrides', 'system', SYSTEM],
  ['AgentOverrides', 'tools', TOOLS],
  ['AgentOverrides', 'mcp_servers', SERVERS],
  ['AgentOverrides', 'skills', SKILLS],
  ['BetaManagedAgentsAgentParams', 'id', REFERENCE],
  ['BetaManagedAgentsAgentParams', 'version', VERSION],
  ['BetaManagedAgentsModelConfigParams', 'id', REFERENCE],
  ['BetaManagedAgentsModelConfigParams', 'inference_geo', { minLength: 1, maxLength: 64 }], // ours
  ['BetaManagedAgentsAWSRoleExecutionIdentityParams', 'role_arn', { minLength: 1, maxLength: 2048 }],
  ['BetaManagedAgentsURLMCPServerParams', 'name', { minLength: 1, maxLength: 255 }],
  ['BetaManagedAgentsURLMCPServerParams', 'url', { maxLength: 2048, format: 'http-url' }],
  ['BetaManagedAgentsMCPToolsetParams', 'mcp_server_name', { minLength: 1, maxLength: 255 }],
  ['BetaManagedAgentsMCPToolsetParams', 'configs', { maxItems: 256 }],
  ['BetaManagedAgentsMCPToolConfigParams', 'name', { minLength: 1, maxLength: 128 }],
  ['BetaManagedAgentsAgentToolset20260401Params', 'configs', { maxItems: 8 }],
  ['BetaManagedAgentsCustomToolParams', 'name', { pattern: '^[A-Za-z0-9_-]{1,128}$' }],
  ['BetaManagedAgentsCustomToolParams', 'description', { pattern: '\\S' }],
  [
    'BetaManagedAgentsCustomToolInputSchema',
    'properties',
    { then: { propertyNames: { pattern: '^[A-Za-z0-9_.-]{1,64}$' } } },
  ],
  ['BetaManagedAgentsWebFetchToolConfigParams', 'allowed_domains', DOMAINS],
  ['BetaManagedAgentsWebFetchToolConfigParams', 'blocked_domains', DOMAINS],
  [
    'BetaManagedAgentsWebFetchToolConfigParams',
    'max_content_tokens',
    { type: ['integer', 'null'], minimum: 1, maximum: MAX_INT },
  ],
  [
    'BetaManagedAgentsWebSearchToolConfigParams',
    'allowed_domains',
    { ...DOMAINS, items: { ...DOMAINS.items, format: 'domain-path' } },
  ],
  [
    'BetaManagedAgentsWebSearchToolConfigParams',
    'blocked_domains',
    { ...DOMAINS, items: { ...DOMAINS.items, format: 'domain-path' } },
  ],
  ['BetaManagedAgentsWebFetchURLSourceOnly', 'tools', SOURCE_TOOLS],
  ['BetaManagedAgentsWebFetchURLSourceExcept', 'tools', SOURCE_TOOLS],
  ['BetaManagedAgentsUserLocation', 'country', { pattern: '^[A-Z]{2}$' }],
  ['BetaManagedAgentsUserLocation', 'timezone', { format: 'time-zone' }],
  ['BetaManagedAgentsMultiagentCoordinatorParams', 'agents', { minItems: 1, maxItems: 20 }],
  ['BetaManagedAgentsMultiagentSubagentsEnabledParams', 'predefined_agents', ROSTER],
  ['BetaManagedAgentsMultiagentWorkflowsEnabledParams', 'predefined_agents', ROSTER],
  ['BetaManagedAgentsMultiagentAdvisorEnabledParams', 'model', REFERENCE],
  ['BetaManagedAgentsAdvisorParams', 'model', REFERENCE],
  ['AgentRetrieveQuery', 'version', VERSION],
  ['AgentListQuery', 'limit', pageOf('agents.list')],
  ['AgentListQuery', 'created_at[gte]', TIMES],
  ['AgentListQuery', 'created_at[lte]', TIMES],
  ['AgentVersionsQuery', 'limit', pageOf('agents.versions')],

  ['EnvironmentCreate', 'name', { minLength: 1, maxLength: 256 }], // ours
  ['EnvironmentCreate', 'description', { maxLength: 2048 }], // ours
  ['EnvironmentCreate', 'metadata', METADATA],
  ['EnvironmentUpdate', 'name', { minLength: 1, maxLength: 256 }], // ours
  ['EnvironmentUpdate', 'description', { maxLength: 2048 }], // ours
  ['EnvironmentUpdate', 'metadata', metadataOf(['string', 'null'])],
  ['BetaLimitedNetworkParams', 'allowed_hosts', { maxItems: 1000, items: { maxLength: 255, format: 'host-pattern' } }],
  ...['apt', 'cargo', 'gem', 'go', 'npm', 'pip'].map(
    (kind): Limit => ['BetaPackagesParams', kind, { maxItems: 1000, items: { minLength: 1, maxLength: 512 } }], // ours
  ),
  ['EnvironmentListQuery', 'limit', pageOf('environments.list')],

  ['FileListQuery', 'limit', pageOf('files.list')],
  ['FileListQuery', 'ids[]', { items: REFERENCE }],
  ['FileListQuery', 'scope_id', REFERENCE],

  ['SessionCreate', 'agent', REFERENCE],
  ['SessionCreate', 'environment_id', REFERENCE],
  ['SessionCreate', 'title', { maxLength: 512 }], // ours: it travels in the workflow's memo
  ['SessionCreate', 'metadata', METADATA],
  ['SessionCreate', 'initial_events', { maxItems: 50 }],
  ['SessionCreate', 'resources', { maxItems: 500 }],
  ['SessionCreate', 'vault_ids', { maxItems: 50, items: REFERENCE }],
  ['SessionUpdate', 'title', { maxLength: 512 }], // ours
  ['SessionUpdate', 'metadata', METADATA_PATCH],
  ['BetaManagedAgentsSessionAgentUpdate', 'tools', TOOLS],
  ['BetaManagedAgentsSessionAgentUpdate', 'mcp_servers', SERVERS],
  ['BetaManagedAgentsFileResourceParams', 'file_id', REFERENCE],
  ['BetaManagedAgentsFileResourceParams', 'mount_path', PATH],
  ['BetaManagedAgentsGitHubRepositoryResourceParams', 'url', { maxLength: 2048, format: 'repository-url' }], // ours
  ['BetaManagedAgentsGitHubRepositoryResourceParams', 'authorization_token', { format: 'secret' }],
  ['BetaManagedAgentsGitHubRepositoryResourceParams', 'mount_path', PATH],
  ['BetaManagedAgentsBranchCheckout', 'name', { format: 'branch' }],
  ['BetaManagedAgentsCommitCheckout', 'sha', { format: 'commit' }],
  ['BetaManagedAgentsMemoryStoreResourceParam', 'instructions', { maxLength: 4096 }],
  ['BetaMonetaryAmount', 'amount', { pattern: '^[1-9][0-9]{0,14}$' }],
  ['SessionListQuery', 'limit', pageOf('sessions.list')],
  ['SessionListQuery', 'agent_version', VERSION],
  ['SessionListQuery', 'statuses[]', { maxItems: 100 }],
  ...['gt', 'gte', 'lt', 'lte'].map((edge): Limit => ['SessionListQuery', `created_at[${edge}]`, TIMES]),

  ['EventsSend', 'events', { minItems: 1, maxItems: 256 }], // ours: as many as a session queues
  ['BetaManagedAgentsUserMessageEventParams', 'content', { minItems: 1, maxItems: 1000 }],
  ['BetaManagedAgentsSystemMessageEventParams', 'content', { minItems: 1, maxItems: 1000 }],
  ['BetaManagedAgentsUserCustomToolResultEventParams', 'content', { maxItems: 1000 }],
  ['BetaManagedAgentsUserToolResultEventParams', 'content', { maxItems: 1000 }],
  ['BetaManagedAgentsUserToolConfirmationEventParams', 'deny_message', { maxLength: DENIAL_LENGTH }], // ours: a decision repeats it
  ['BetaManagedAgentsUserDefineOutcomeEventParams', 'description', { minLength: 1 }],
  [
    'BetaManagedAgentsUserDefineOutcomeEventParams',
    'max_iterations',
    { type: ['integer', 'null'], minimum: 1, maximum: 20 },
  ],
  ['BetaManagedAgentsTextRubricParams', 'content', { minLength: 1, maxLength: 262_144 }],
  ['BetaManagedAgentsBase64ImageSource', 'data', { minLength: 1, format: 'base64' }],
  ['BetaManagedAgentsBase64ImageSource', 'media_type', { enum: IMAGE_TYPES }],
  ['BetaManagedAgentsBase64DocumentSource', 'data', { minLength: 1, format: 'base64' }],
  ['BetaManagedAgentsBase64DocumentSource', 'media_type', { enum: ['application/pdf'] }],
  ['BetaManagedAgentsURLImageSource', 'url', { maxLength: 2048, format: 'https-url' }],
  ['BetaManagedAgentsURLDocumentSource', 'url', { maxLength: 2048, format: 'https-url' }],
  ['BetaManagedAgentsFileImageSource', 'file_id', REFERENCE],
  ['BetaManagedAgentsFileDocumentSource', 'file_id', REFERENCE],
  ['BetaManagedAgentsDocumentBlock', 'title', { minLength: 1, maxLength: 500 }],
  ['BetaManagedAgentsDocumentBlock', 'context', { minLength: 1 }],
  ['EventListQuery', 'limit', pageOf('events.list')],
  ['EventListQuery', 'types[]', { maxItems: 100 }],
  ...['before', 'after', 'around'].map((name): Limit => ['EventListQuery', name, REFERENCE]),
  ...['gt', 'gte', 'lt', 'lte'].map((edge): Limit => ['EventListQuery', `created_at[${edge}]`, TIMES]),
  ['EventStreamQuery', 'event_deltas[]', { maxItems: 100 }],
  ['ResourceListQuery', 'limit', pageOf('resources.list')],
  ['ResourceAdd', 'file_id', REFERENCE],
  ['ResourceAdd', 'mount_path', PATH],
  ['ResourceUpdate', 'authorization_token', { format: 'secret' }],
  ['ThreadListQuery', 'limit', pageOf('threads.list')],
  ['ThreadListQuery', 'statuses[]', { maxItems: 100 }],
  ['ThreadEventListQuery', 'limit', pageOf('threads.events')],
  ['ModelListQuery', 'limit', pageOf('models.list')],
  ['ModelListQuery', 'lifecycle[]', { maxItems: 3 }],
  ['WorkPollQuery', 'block_ms', { type: ['integer', 'null'], minimum: 1, maximum: 999 }],
  ['WorkPollQuery', 'reclaim_older_than_ms', { type: ['integer', 'null'], minimum: 0, maximum: 86_400_000 }], // ours: a day
  ['WorkHeartbeatQuery', 'desired_ttl_seconds', { type: ['integer', 'null'], minimum: 2, maximum: 3600 }], // ours
  ['WorkHeartbeatQuery', 'expected_last_heartbeat', { maxLength: 64 }], // ours
  ['WorkListQuery', 'limit', pageOf('work.list')],
  ['WorkUpdate', 'metadata', metadataOf(['string', 'null'])],
]

/**
 * The schema with the limits in it.
 * @throws Error when a limit names a property that the schema has not: the SDK renamed something.
 */
export function applyLimits(schema: WireSchema): WireSchema {
  const definitions: Record<string, Definition> = { ...schema.definitions }
  for (const [name, property, keywords] of LIMITS) {
    const definition = definitions[name]
    const node = definition?.properties?.[property]
    if (node === undefined) throw new Error(`a limit names ${name}.${property}, which the schema does not have`)
    definitions[name] = { ...definition, properties: { ...definition?.properties, [property]: merge(node, keywords) } }
  }
  return { ...schema, definitions }
}

function merge(node: SchemaNode, keywords: SchemaNode): SchemaNode {
  const merged: Record<string, unknown> = { ...node }
  for (const [key, value] of Object.entries(keywords)) {
    const stored = merged[key]
    merged[key] = isNode(stored) && isNode(value) ? merge(stored, value) : value
  }
  return merged
}

function isNode(value: unknown): value is SchemaNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
