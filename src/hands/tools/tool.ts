import type { ToolOutcome } from '../hands.ts'
import type { Sandbox } from '../sandbox.ts'

/** One call of a tool, in the sandbox that it is bound to. */
export interface ToolCall {
  readonly sandbox: Sandbox
  /** Claim for whatever the call does there. */
  readonly id: string
  readonly signal: AbortSignal
}

/** Runs with an input that fits the tool's definition. Rejects only as `Sandbox` does. */
export type Tool<Input> = (input: Input, call: ToolCall) => Promise<ToolOutcome>

export function succeed(text: string): ToolOutcome {
  return { text, isError: false }
}

export function fail(text: string): ToolOutcome {
  return { text, isError: true }
}
