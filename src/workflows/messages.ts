import type { BlobIndex } from '../session/blobs.ts'
import type { Budget } from '../session/budget.ts'
import type { Carried } from '../session/carry.ts'
import type { ResourceEntry } from '../session/entry.ts'
import type { Policy } from '../session/policy.ts'
import type { ResourceChange } from '../session/resource-change.ts'

/** Names on the wire between clients and the workflow. Never renamed without a patch marker and a recorded history. */
export const SESSION_WORKFLOW = 'session'
export const CONFIGURE_UPDATE = 'configure'
export const ARCHIVE_UPDATE = 'archive'
export const STATE_QUERY = 'state'

/** The workflow that measures what a step takes on a cluster, and its update. */
export const CANARY_WORKFLOW = 'canary'
export const CANARY_STEP = 'step'

/** The task queue of the workflow and of model calls; its siblings are named after it. */
export const BRAIN_QUEUE = 'brain'
export const HANDS_QUEUE = 'hands'
/** What is done beside turns and may wait. */
export const ARCHIVE_QUEUE = 'archive'

/** The queue of the calls whose sandbox is on that host, beside the one that all hands share. */
export function hostQueue(handsQueue: string, host: string): string {
  return `${handsQueue}-${host}`
}

/** The workspace of sessions whose starter names none. */
export const DEFAULT_WORKSPACE = 'default'

/** A session's id is its workflow's id. */
export const SESSION_ID = /^sesn_[0-9A-Za-z]+$/

/** A session's primary thread has the session's own suffix. */
export function primaryThread(session: string): string {
  return session.replace(/^sesn_/, 'sthr_')
}

/**
 * What a session starts with. The API names a stored configuration; a plain Temporal client gives `agent` instead,
 * whose body is that of `POST /v1/agents`, and needs nothing else but `events`.
 */
export interface SessionInput {
  /** Of what a worker has to know of it; 1 where it is left out. Raised by what an older worker would pass over. */
  readonly v?: number
  readonly workspace?: string
  readonly configuration?: { readonly id: string; readonly agentName: string; readonly policy: Policy }
  readonly agent?: unknown
  readonly environment?: string
  readonly title?: string | null
  readonly metadata?: Readonly<Record<string, string>>
  /** A cap on the list cost, as `POST /v1/sessions` takes it. */
  readonly budget?: Budget
  /** Events to begin with, in the shape of the `events` signal. */
  readonly events?: readonly unknown[]
  readonly blobs?: BlobIndex
  /** Resources to begin with, in the log behind the events. */
  readonly resources?: readonly ResourceEntry[]
  readonly by?: string
  /** From run 2 on: what the run before handed over. */
  readonly carried?: Carried
}

/** Payload of the `events` signal: user events, with ids when the API minted them, and who sent them. */
export interface EventsSignal {
  readonly events: readonly unknown[]
  /** What of the events is kept elsewhere; the API stores it before it signals. */
  readonly blobs?: BlobIndex
  readonly by?: string
}

export interface ConfigureUpdate {
  readonly title?: string | null
  /** A patch: a string sets its key, null deletes it. Applied in order with other changes, so none is lost. */
  readonly metadata?: Readonly<Record<string, string | null>>
  /** Null removes it, for good. */
  readonly budget?: Budget | null
  /**
   * The agent from the next turn on: a configuration that is stored for this session, and the one that it was made of.
   * Refused with the code `configuration_changed` when the session has another one than that by then.
   */
  readonly configuration?: { readonly id: string; readonly base: string }
  /** Done already where the session has the one, or has the other no more. */
  readonly resources?: ResourceChange
}

/** How the loop answered an update: `refused` says why in a sentence, and `code` by a name if there is one; null means done. */
export interface Verdict {
  readonly refused: string | null
  readonly code?: string
}
