import type { Recipe, RepositoryFault, Surroundings } from './recipe.ts'

/** What a tool call came to. A tool's failure is data for the model to read, never an exception. */
export interface ToolOutcome {
  readonly text: string
  readonly isError: boolean
  /** The sandbox of the call, where the log does not have its generation yet. */
  readonly made?: Made
  /** The host that has the call's sandbox and takes calls, where that is another one: nothing has run here. */
  readonly elsewhere?: string
}

/** A generation as it came to be, for the log. */
export interface Made {
  readonly hand: string
  readonly generation: number
  readonly provider: string
  /** Null where hosts have no names. */
  readonly host: string | null
  /** Digest of its image; null where there is none. */
  readonly image: string | null
  /** As `Recipe.supplies`. */
  readonly supplies: number
  /** Absent: none, or none that the log keeps. */
  readonly surroundings?: Surroundings
  /** What of the generation before was put into it: null when nothing was. */
  readonly restored: Restored | null
  /** Absent: none. */
  readonly faults?: readonly RepositoryFault[]
}

/** A copy of a workspace, as it was put into a sandbox. */
export interface Restored {
  /** That it was copied from. */
  readonly generation: number
  /** RFC 3339. */
  readonly at: string
  /** Files, folders and links. */
  readonly entries: number
  readonly bytes: number
}

export interface ToolContext {
  readonly sessionId: string
  /** Id of the `agent.tool_use` event (`sevt_…`): the call's idempotency key. */
  readonly toolUseId: string
  /** Ids of calls given up since the last step; what still runs for them is ended before this call starts. */
  readonly abandoned: readonly string[]
  /** Aborts when the call is given up: the command is ended, not left behind. */
  readonly signal: AbortSignal
  /** Default: `main`. */
  readonly hand?: string
  /**
   * The newest generation of the hand that the model has been told of, 0 for none. Absent in calls of workflows from before
   * they knew.
   */
  readonly known?: number
  /** How often the session's resources had changed when the call was made; absent: never. */
  readonly supplies?: number
  /** What a sandbox of this hand is made of. Absent: nothing but the provider's own. */
  readonly recipe?: () => Promise<Recipe>
  /** Names of the hands that the session has beside the main one. Absent: none. */
  readonly hands?: () => Promise<readonly string[]>
  /** A line for each of these calls, for the model to know them by; null for one that the log does not have. */
  readonly nameCalls?: (ids: readonly string[]) => Promise<readonly (string | null)[]>
}

/**
 * The port the brain knows: `execute(name, input) → text`.
 *
 * Idempotent by `context.toolUseId`: a second caller joins the running command or gets its stored outcome.
 * Rejects with {@link HandsUnavailable} when the infrastructure could not say what happened and a retry may help;
 * everything else, a lost sandbox included, is a {@link ToolOutcome}.
 */
export interface Hands {
  execute(name: string, input: unknown, context: ToolContext): Promise<ToolOutcome>
}

/** The hands could not be reached; nothing is known to have been lost, so the same call may be made again. */
export class HandsUnavailable extends Error {
  override readonly name = 'HandsUnavailable'
}
