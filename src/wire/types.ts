/**
 * The wire types, taken from the official SDK and never written by hand. Everything here is erased at compile time,
 * so workflow code may import it. The request types (`…Create`, `…Update`, `…Query`, `EventsSend`) are also what
 * `scripts/gen-wire.ts` turns into the schema: the type and the check of a request are one source.
 */
import type * as Agents from '@anthropic-ai/sdk/resources/beta/agents/agents'
import type * as Versions from '@anthropic-ai/sdk/resources/beta/agents/versions'
import type * as Environments from '@anthropic-ai/sdk/resources/beta/environments/environments'
import type * as Works from '@anthropic-ai/sdk/resources/beta/environments/work'
import type * as Files from '@anthropic-ai/sdk/resources/beta/files'
import type * as Models from '@anthropic-ai/sdk/resources/beta/models'
import type * as Events from '@anthropic-ai/sdk/resources/beta/sessions/events'
import type * as Resources from '@anthropic-ai/sdk/resources/beta/sessions/resources'
import type * as ThreadEvents from '@anthropic-ai/sdk/resources/beta/sessions/threads/events'
import type * as Threads from '@anthropic-ai/sdk/resources/beta/sessions/threads/threads'
import type * as Messages from '@anthropic-ai/sdk/resources/messages/messages'
import type * as Sessions from '@anthropic-ai/sdk/resources/beta/sessions/sessions'
import type * as Shared from '@anthropic-ai/sdk/resources/shared'

/** Parameters of SDK calls that travel as headers, never in a body or query. */
type HeaderParams = 'betas' | 'workspace_id'

export type Agent = Agents.BetaManagedAgentsAgent
export type AgentCreate = Omit<Agents.AgentCreateParams, 'betas' | 'workspace_id'>
export type AgentUpdate = Omit<Agents.AgentUpdateParams, 'betas' | 'workspace_id'>
export type AgentRetrieveQuery = Omit<Agents.AgentRetrieveParams, HeaderParams>
export type AgentListQuery = Omit<Agents.AgentListParams, HeaderParams>
export type AgentVersionsQuery = Omit<Versions.VersionListParams, HeaderParams>

export type AgentModel = Agents.BetaManagedAgentsModelConfig
export type AgentModelParams = AgentCreate['model']
export type AgentTool = Agent['tools'][number]
export type AgentToolParams = NonNullable<AgentCreate['tools']>[number]
export type AgentToolset = Agents.BetaManagedAgentsAgentToolset20260401
export type AgentToolsetParams = Agents.BetaManagedAgentsAgentToolset20260401Params
export type AgentToolConfig = Agents.BetaManagedAgentsAgentToolConfig
export type AgentToolConfigParams = Agents.BetaManagedAgentsAgentToolConfigParams
export type McpToolset = Agents.BetaManagedAgentsMCPToolset
export type McpToolsetParams = Agents.BetaManagedAgentsMCPToolsetParams
export type CustomTool = Agents.BetaManagedAgentsCustomTool
export type PermissionPolicy = AgentToolset['default_config']['permission_policy']
export type UrlSources = Agents.BetaManagedAgentsWebFetchURLSources
export type UrlSourcesParams = Agents.BetaManagedAgentsWebFetchURLSourcesParams
export type UrlSourceFilter = Agents.BetaManagedAgentsWebFetchURLSourceToolFilter
export type AgentSkill = Agent['skills'][number]
export type Multiagent = NonNullable<Agent['multiagent']>
export type MultiagentParams = NonNullable<AgentCreate['multiagent']>
export type AgentReference = Agents.BetaManagedAgentsAgentReference

export type Environment = Environments.BetaEnvironment
export type EnvironmentCreate = Omit<Environments.EnvironmentCreateParams, 'betas' | 'workspace_id'>
export type EnvironmentUpdate = Omit<Environments.EnvironmentUpdateParams, 'betas' | 'workspace_id'>
export type EnvironmentListQuery = Omit<Environments.EnvironmentListParams, HeaderParams>
export type CloudConfig = Environments.BetaCloudConfig
export type Networking = CloudConfig['networking']
export type CloudConfigParams = Environments.BetaCloudConfigParams

export type Work = Works.BetaSelfHostedWork
export type WorkHeartbeat = Works.BetaSelfHostedWorkHeartbeatResponse
export type WorkLeaseState = Works.BetaWorkLeaseState
export type WorkQueueStats = Works.BetaSelfHostedWorkQueueStats
export type WorkSecret = Works.BetaWorkSecret
export type WorkPollQuery = Omit<Works.WorkPollParams, HeaderParams | 'Anthropic-Worker-ID'>
export type WorkHeartbeatQuery = Omit<Works.WorkHeartbeatParams, HeaderParams | 'environment_id'>
export type WorkListQuery = Omit<Works.WorkListParams, HeaderParams>
export type WorkUpdate = Omit<Works.WorkUpdateParams, 'betas' | 'workspace_id' | 'environment_id'>
export type WorkStopBody = Omit<Works.WorkStopParams, 'betas' | 'workspace_id' | 'environment_id'>

export type FileMetadata = Files.BetaFileMetadata
export type FileListQuery = Omit<Files.FileListParams, HeaderParams | 'ids'> & { 'ids[]'?: string[] }

export type Session = Sessions.BetaManagedAgentsSession
export type SessionAgent = Sessions.BetaManagedAgentsSessionAgent
/**
 * An agent of a session that differs from the stored one. Wider than the SDK's type: the API also takes `null` for a
 * list, which clears it, and answers `model: null` with a code of its own.
 */
export type AgentOverrides = {
  [K in keyof Sessions.BetaManagedAgentsAgentWithOverridesParams]: K extends
    | 'model'
    | 'tools'
    | 'mcp_servers'
    | 'skills'
    ? Sessions.BetaManagedAgentsAgentWithOverridesParams[K] | null
    : Sessions.BetaManagedAgentsAgentWithOverridesParams[K]
}
export type SessionCreate = Omit<Sessions.SessionCreateParams, 'betas' | 'workspace_id' | 'agent'> & {
  agent: string | Sessions.BetaManagedAgentsAgentParams | AgentOverrides
}
export type SessionAgentUpdate = Sessions.BetaManagedAgentsSessionAgentUpdate
export type SessionUpdate = Omit<Sessions.SessionUpdateParams, 'betas' | 'workspace_id'>
export type SessionListQuery = Omit<Sessions.SessionListParams, HeaderParams | 'statuses'> & {
  'statuses[]'?: Session['status'][]
}
export type SessionStatus = Session['status']
export type SessionUsage = Sessions.BetaManagedAgentsSessionUsage

/** Any event of a session's log, as a client sees it. */
export type SessionEvent = Events.BetaManagedAgentsSessionEvent
export type SessionEventType = Events.BetaManagedAgentsSessionEventType
/** What a client may send. */
export type UserEvent = Events.BetaManagedAgentsEventParams
export type EventsSend = Omit<Events.EventSendParams, HeaderParams>
export type EventListQuery = Omit<Events.EventListParams, HeaderParams | 'types'> & {
  'types[]'?: Events.BetaManagedAgentsSessionEventType[]
  /** Ids of finished events, ours: the list keeps to what stands before or after one, or is the page around one. */
  before?: string
  after?: string
  around?: string
}
export type EventStreamQuery = Omit<Events.EventStreamParams, HeaderParams | 'event_deltas'> & {
  'event_deltas[]'?: Sessions.BetaManagedAgentsDeltaType[]
}
export type SessionThread = Threads.BetaManagedAgentsSessionThread
export type ThreadListQuery = Omit<Threads.ThreadListParams, HeaderParams | 'statuses'> & {
  'statuses[]'?: SessionThread['status'][]
}
export type ThreadEventListQuery = Omit<ThreadEvents.EventListParams, HeaderParams | 'session_id'>

export type SessionResource = Resources.BetaManagedAgentsSessionResource
export type ResourceListQuery = Omit<Resources.ResourceListParams, HeaderParams>
export type ResourceAdd = Omit<Resources.ResourceAddParams, 'betas' | 'workspace_id'>
export type ResourceUpdate = Omit<Resources.ResourceUpdateParams, HeaderParams | 'session_id'>

/** What a stream may carry: the log's events and the previews. */
export type StreamEvent = Events.BetaManagedAgentsStreamSessionEvents
export type StopReason = Events.BetaManagedAgentsSessionStatusIdleEvent['stop_reason']
export type StopDetails = Events.BetaManagedAgentsSessionStatusIdleEvent['stop_details']
export type SessionError = Events.BetaManagedAgentsSessionErrorEvent['error']
/** Why a session goes on without a repository. */
export type RepositoryErrorType = Extract<SessionError['type'], `repository_${string}`>
export type ModelUsage = Events.BetaManagedAgentsSpanModelUsage

export type ModelInfo = Models.BetaModelInfo
export type ModelListQuery = Omit<Models.ModelListParams, HeaderParams | 'lifecycle'> & {
  'lifecycle[]'?: ModelInfo['lifecycle'][]
}

/** Error types that the SDK knows, and the one of a body over its limit, which only the documents name. */
export type ErrorType = Shared.ErrorType | 'request_too_large'

/** A block of a model's answer, as the Messages API gives it and wants it back. */
export type ModelContentBlock = Messages.ContentBlock
export type ModelMessage = Messages.MessageParam
/** A tool that the model's API runs by itself: what it is called with and what it answers stand in the model's answer. */
export type ServerTool = Messages.WebSearchTool20250305 | Messages.WebFetchTool20250910
export type ModelTool = Messages.Tool | ServerTool
