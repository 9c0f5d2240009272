import type { ColumnType, Generated } from 'kysely'
import type { ArchivedItem } from '../../history/archive.ts'
import type { Cut } from '../../history/cut.ts'
import type { BlobRef, ResourceEntry } from '../../session/entry.ts'
import type { Agent, Environment, Networking, SessionAgent } from '../../wire/types.ts'
import type { IngressRow } from '../ingress.ts'
import type { Facts } from '../../hands/receipt.ts'
import type { HostOffer } from '../../hands/hosts.ts'
import type { UnsettledResource } from '../session-resources.ts'
import type { ConfiguredRecipe, SessionRow } from '../sessions.ts'
import type { WorkItem } from '../work.ts'

/** A `json` column: read as a value, written as text, so that the driver never mistakes an array for one of its own. */
type Json<T> = ColumnType<T, string, string>

interface WorkspaceTable {
  id: string
  name: string
  created_at: Generated<Date>
}

interface ApiKeyTable {
  id: string
  workspace_id: string
  name: string
  secret_hash: Buffer
  created_at: Generated<Date>
  ending: string
  revoked_at: Date | null
}

interface AgentTable {
  id: string
  workspace_id: string
  /** The latest version; what compare-and-set compares. */
  version: number
  created_at: Date
  archived_at: Date | null
}

interface AgentVersionTable {
  agent_id: string
  version: number
  workspace_id: string
  document: Json<Agent>
}

interface EnvironmentTable {
  id: string
  workspace_id: string
  name: string
  document: Json<Environment>
  created_at: Date
  archived_at: Date | null
}

interface SessionTable {
  id: string
  workspace_id: string
  environment_id: string
  configuration_id: string
  agent_id: string
  agent_version: number
  status: SessionRow['status']
  title: string | null
  metadata: Json<SessionRow['metadata']>
  budget: ColumnType<SessionRow['budget'], string | null, string | null>
  created_at: Date
  /** Also the time of the last hint or repair, which is what makes a running row stale. */
  updated_at: Date
  archived_at: Date | null
  /** Where the newest applied hint stood; 0, 0 before the first. */
  run: Generated<number>
  length: Generated<number>
  /** Set by the hint of an end, until a fold of the log has seen it. */
  end_unseen: Generated<boolean>
  /** As lists tell it; null before any word of it. */
  usage: ColumnType<NonNullable<SessionRow['usage']> | null, string | undefined, string>
}

interface SessionHandTable {
  session_id: string
  hand: string
  workspace_id: string
  environment_id: string
}

interface ConfigurationTable {
  id: string
  workspace_id: string
  session_id: string
  agent: Json<SessionAgent>
  harness: string
  networking: Json<Networking> | null
  recipe: Json<ConfiguredRecipe> | null
  self_hosted: Generated<boolean>
}

/** What stays of a deleted session. */
interface TombstoneTable {
  session_id: string
  workspace_id: string
  buried_at: Generated<Date>
  cleared_at: Date | null
}

interface IngressTable {
  id: string
  workspace_id: string
  target: string
  key: string | null
  body_hash: string
  ids: string[]
  state: IngressRow['state']
  created_at: Generated<Date>
  accepted_at: Date | null
  tries: number
}

/** One row per hand of a session: its current generation. */
interface SandboxTable {
  session_id: string
  hand: Generated<string>
  workspace_id: string
  generation: number
  provider: string
  reference: string
  boot_id: string
  destroyed_at: Date | null
  /** It was lost before it was put away. */
  lost: Generated<boolean>
  /** Since when its successor does not take the copy of its workspace. */
  refused_at: Date | null
  host: string | null
  /** When a call was bound to it last, or when it became the current one. */
  used_at: Generated<Date>
  exported_at: Date | null
  collected_at: Date | null
  /** How new what is mounted in it is. */
  supplies: Generated<number>
  /** Since when somebody wants it put away. */
  evict_at: Date | null
  /** How it came to be. */
  facts: Json<Facts> | null
}

interface CallBindingTable {
  session_id: string
  tool_use_id: string
  workspace_id: string
  generation: number
  hand: Generated<string>
  bound_at: Generated<Date>
  /** It was bound so that it never begins. */
  given_up: Generated<boolean>
}

/** One row per hand: the newest copy of its workspace. */
interface WorkspaceExportTable {
  session_id: string
  hand: string
  workspace_id: string
  generation: number
  content: string | null
  /** A `bigint` is read as text. */
  bytes: ColumnType<string, number, number>
  entries: number
  sha256: string
  probe: string
  exported_at: Date
  left_out: Generated<number>
  /** False: something could not be read. */
  whole: Generated<boolean>
}

interface HandsHostTable {
  host: string
  offers: Json<readonly HostOffer[]>
  beat_at: Generated<Date>
  /** Since when it has beaten without a gap. */
  since: Generated<Date>
}

interface SessionResourceTable {
  id: string
  session_id: string
  workspace_id: string
  mount_path: string
  document: Json<ResourceEntry>
  created_at: Generated<Date>
  updated_at: Generated<Date>
  removed_at: Date | null
  /** What somebody means to have done with it, who has not heard yet that the log has it so. */
  pending: UnsettledResource['pending'] | null
  pending_since: Date | null
}

interface SessionOutputTable {
  session_id: string
  hand: string
  path: string
  workspace_id: string
  changed: string
  sha256: string
  file_id: string
}

interface ArchivedRunTable {
  session_id: string
  run: number
  workspace_id: string
  run_id: string
  follows: string | null
  cuts: Json<readonly Cut[]> | null
  last_event: number
  closed: boolean
  /** A `bigint` is read as text. */
  started_at: string
  changed_at: string
  archived_at: string | null
  state: Json<unknown> | null
}

interface ArchivedItemTable {
  session_id: string
  run: number
  event: number
  index: number
  workspace_id: string
  at: string
  type: string
  event_key: string | null
  audience: ArchivedItem['audience']
  entry: Json<unknown>
  blobs: Json<readonly BlobRef[]> | null
}

/** Bytes that there are, or are to be, of files. */
interface FileContentTable {
  key: string
  workspace_id: string
  begun_at: Generated<Date>
  finished: Generated<boolean>
}

interface FileTable {
  id: string
  workspace_id: string
  filename: string
  mime_type: string
  /** A `bigint` is read as text. */
  size: ColumnType<string, number, never>
  sha256: string
  downloadable: boolean
  scope_id: string | null
  created_at: Date
  expires_at: Date | null
  content: string | null
}

/** The token of a repository, sealed. */
interface ResourceSecretTable {
  resource_id: string
  session_id: string
  workspace_id: string
  version: number
  sealed: Buffer
  updated_at: Generated<Date>
}

interface WorkItemTable {
  id: string
  workspace_id: string
  environment_id: string
  session_id: string
  state: WorkItem['state']
  metadata: Json<WorkItem['metadata']>
  created_at: Date
  /** Nobody is given it before. */
  claimable_at: Date
  polled_at: Date | null
  acknowledged_at: Date | null
  started_at: Date | null
  latest_heartbeat_at: Date | null
  /** What the latest heartbeat expected to find. */
  expected_heartbeat: Date | null
  lease_until: Date | null
  stop_requested_at: Date | null
  stopped_at: Date | null
  stopped_by: WorkItem['stoppedBy']
  attempt: number
  /** To how many polls this try of it was given. */
  given: Generated<number>
  /** When it was found that nothing is left to do about it. */
  looked_at: Date | null
}

interface EnvironmentKeyTable {
  id: string
  environment_id: string
  workspace_id: string
  name: string
  secret_hash: Buffer
  ending: string
  created_at: Generated<Date>
  revoked_at: Date | null
}

interface WorkTokenTable {
  secret_hash: Buffer
  workspace_id: string
  work_id: string
  key_id: string
  attempt: number
  created_at: Date
}

interface WorkPollerTable {
  environment_id: string
  workspace_id: string
  worker: string
  polled_at: Date
}

/** The tables as the latest migration leaves them. */
export interface Schema {
  workspaces: WorkspaceTable
  api_keys: ApiKeyTable
  agents: AgentTable
  agent_versions: AgentVersionTable
  environments: EnvironmentTable
  sessions: SessionTable
  session_hands: SessionHandTable
  configurations: ConfigurationTable
  tombstones: TombstoneTable
  ingress: IngressTable
  sandboxes: SandboxTable
  call_bindings: CallBindingTable
  workspace_exports: WorkspaceExportTable
  hands_hosts: HandsHostTable
  session_resources: SessionResourceTable
  session_outputs: SessionOutputTable
  archived_runs: ArchivedRunTable
  archived_items: ArchivedItemTable
  file_contents: FileContentTable
  files: FileTable
  resource_secrets: ResourceSecretTable
  work_items: WorkItemTable
  environment_keys: EnvironmentKeyTable
  work_tokens: WorkTokenTable
  work_pollers: WorkPollerTable
}
