import type { FileResource, RepositoryResource } from '../wire/resources.ts'
import type { HandRecipe } from '../wire/session-hands.ts'
import type { ModelContentBlock, ModelUsage, RepositoryErrorType, SessionEvent, UserEvent } from '../wire/types.ts'
import type { Accounting } from './cost.ts'
import type { Adoptable, Provisioning } from './policy.ts'

type WithoutTime<E> = E extends { readonly type: 'session.updated' }
  ? Omit<E, 'processed_at' | 'agent'> & { readonly configuration?: string }
  : E extends unknown
    ? Omit<E, 'processed_at'>
    : never

/**
 * A public event as it is recorded: its `processed_at` is the time of the history event that carries it. A
 * `session.updated` names the configuration that holds the agent, which whoever shows the event puts in its place.
 */
export type PublicEntry = WithoutTime<SessionEvent>

/** A user event once it has an id, minted by the API or, for plain Temporal clients, by the workflow. */
export type Arrival = UserEvent & { readonly id: string }

/** Private records: they stand in the log beside the public events and never leave it. */
export type PrivateEntry =
  /** The moment a queued input takes effect; `dropped` ones are shown as processed and have none. */
  | { readonly type: 'log.mark'; readonly id: string; readonly dropped?: true }
  /** The id of an event that came without one: the `index`-th of the run's `signal`-th signal (0 = its start). */
  | { readonly type: 'log.minted'; readonly id: string; readonly signal: number; readonly index: number }
  /** The raw assistant blocks, which the model needs back as they were. `calls` maps event ids to the model's own. */
  | {
      readonly type: 'log.assistant'
      readonly harness: string
      readonly content: readonly ModelContentBlock[]
      readonly stop_reason: string | null
      readonly explanation?: string | null
      /** Of a refusal, as the provider names it. */
      readonly category?: string
      /** What it was asked with, where that is known. */
      readonly configuration?: string
      /** Web searches that the provider made for it. */
      readonly searches?: number
      readonly calls: readonly {
        readonly id: string
        readonly model_id: string
        /** Whoever runs the user's machines answers it, unless policy refuses it. */
        readonly remote?: true
      }[]
      /** Of the last request for this answer alone, where its end tells a sum: with a judge of its calls, or of several. */
      readonly usage?: ModelUsage
    }
  /** How long the loop backs off before it asks the model again. */
  | { readonly type: 'log.retry'; readonly after_ms: number }
  /** A session that was started by hand has its agent stored, under this id. */
  | {
      readonly type: 'log.configured'
      readonly configuration: string
      readonly agent_name: string
      readonly accounting?: Accounting
      readonly takesSystem?: boolean
      readonly selfHosted?: true
      readonly provisioning?: Provisioning
    }
  /** The session's running time so far in milliseconds, overlaps counted once. */
  | { readonly type: 'log.worked'; readonly ms: number }
  /** The end of this request was not told by the provider: the usage that follows is the least that it can have been. */
  | { readonly type: 'log.estimated'; readonly request: string }
  /** A cancel request from outside ends the turn here: an interrupt without an event of its own. */
  | { readonly type: 'log.cancelled' }
  /** A call that was given up though its command may still run: the next commands of the hands end it first. */
  | { readonly type: 'log.abandoned'; readonly id: string }
  /** The termination that follows is an archive, not a failure. */
  | { readonly type: 'log.archived' }
  /**
   * From here on the model reads `text` in place of longer tool results up to here, those of the last `keep_rounds`
   * rounds excepted; with `longest`, also in place of images and documents, and behind the first so many characters of
   * longer inputs.
   */
  | { readonly type: 'log.trimmed'; readonly keep_rounds: number; readonly text: string; readonly longest?: number }
  /**
   * The provider refused a request for a file in it: from here on the model reads `text` in place of the images and
   * documents that no answer has been given to, or else of all up to here.
   */
  | { readonly type: 'log.file_refused'; readonly text: string }
  /**
   * A request was too long, and the session's own harness does not say what to do then: from here on its context is kept
   * as a later harness does it.
   */
  | ({ readonly type: 'log.adopted' } & Adoptable)
  /**
   * The context is past the line for a summary, and none is asked for until it has grown: the newest one left `floor`
   * tokens, of system prompt, tools and inputs, and the next would leave as many.
   */
  | { readonly type: 'log.crowded'; readonly floor: number; readonly line: number }
  /** The next model request asks for a summary; so do all until it is there. */
  | { readonly type: 'log.compacting' }
  /** The model's summary of the conversation up to here, which it reads in its place from here on. */
  | {
      readonly type: 'log.summary'
      readonly harness: string
      readonly introduction: string
      readonly text: string
      /** System messages up to here, which hold on. */
      readonly system?: readonly string[]
      /** Web searches that the provider made for it. */
      readonly searches?: number
    }
  /** A generation of a hand's sandbox came to be, and what it was made of. */
  | Provisioned
  /** No sandbox could be made for a hand, and none is asked for again before a call needs it. */
  | { readonly type: 'log.unprovisioned'; readonly hand: string; readonly message: string }
  /** From here on the session has this resource. */
  | { readonly type: 'log.resource'; readonly resource: ResourceEntry }
  /** From here on it has this one no more. */
  | { readonly type: 'log.resource_removed'; readonly id: string }

export interface Provisioned {
  readonly type: 'log.provisioned'
  readonly hand: string
  readonly generation: number
  readonly provider: string
  /** Absent where hosts have no names. */
  readonly host?: string
  /** Digest; absent where it is made of none. */
  readonly image?: string
  /** How often the session's resources had changed when it was made. */
  readonly supplies: number
  /**
   * What its environment asked for: what the next one is made of too. Absent where that is nothing, or too long for the log,
   * which names the session's configuration instead; and in logs from before it was kept.
   */
  readonly surroundings?: Partial<Omit<HandRecipe, 'environment'>>
  /** The copy of the workspace that was put into it. */
  readonly restored?: {
    readonly generation: number
    readonly at: string
    readonly entries: number
    readonly bytes: number
  }
  /** A tool result that tells the model of it stands beside this. */
  readonly told: boolean
  /** Repositories that it goes without. */
  readonly faults?: readonly {
    readonly resource: string
    readonly url: string
    readonly type: RepositoryErrorType
    readonly message: string
  }[]
}

/** A resource as the log has it: never a secret, nor a hash of one. */
export type ResourceEntry = FileResource | RepositoryResource

/** One element of the log as the fold sees it. Readers skip records whose kind they do not know. */
export type Entry = PublicEntry | PrivateEntry

/** Where a string of an entry is kept instead: `path` leads to its place in the entry, where an empty string stands. */
export interface BlobRef {
  readonly path: readonly (string | number)[]
  /** Of the string's bytes in UTF-8, hexadecimal; the blob's key beside the session. */
  readonly sha256: string
  /** Bytes. */
  readonly length: number
  /** The string is no valid Unicode, so its bytes are those of its UTF-16 units, the low one first. */
  readonly utf16?: true
  /**
   * A source of the type `file` stands at the place instead, and clients see it as it was sent. The blob is the file as it
   * was then, for the model, and this is its media type.
   */
  readonly file?: string
}

const PRIVATE_PREFIX = 'log.'

export function isPrivate(entry: Entry | Arrival): entry is PrivateEntry {
  return entry.type.startsWith(PRIVATE_PREFIX)
}

/** Inputs that wait in the queue until a mark says that they took effect; all others are finished where they stand. */
export function isQueued(event: { readonly type: string }): boolean {
  return event.type === 'user.message' || event.type === 'user.interrupt' || event.type === 'system.message'
}
