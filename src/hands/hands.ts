/** What a tool call came to. A tool's failure is data for the model to read, never an exception. */
export interface ToolOutcome {
  readonly text: string
  readonly isError: boolean
}

export interface ToolContext {
  readonly sessionId: string
  /** Id of the `agent.tool_use` event (`sevt_…`): the call's idempotency key. */
  readonly toolUseId: string
  /** Ids of calls given up since the last step; what still runs for them is ended before this call starts. */
  readonly abandoned: readonly string[]
  /** Aborts when the call is given up: the command is ended, not left behind. */
  readonly signal: AbortSignal
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
