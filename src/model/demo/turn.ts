/** A block of a scripted answer. */
export type TurnBlock =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'thinking'; readonly thinking: string }
  | { readonly type: 'tool_use'; readonly name: string; readonly input: Readonly<Record<string, unknown>> }

/** What goes wrong with one try of a request; all but `status` strike in the middle of a stream. */
export type Fault =
  | { readonly do: 'status'; readonly status: number; readonly retryAfter?: string }
  | { readonly do: 'error'; readonly type: string }
  | { readonly do: 'garbage' }
  | { readonly do: 'cut' }
  | { readonly do: 'stall' }

/** What a script answers. */
export interface Turn {
  readonly blocks: readonly TurnBlock[]
  readonly stopReason: 'end_turn' | 'tool_use' | 'max_tokens' | 'refusal'
  /** Of a refusal. */
  readonly explanation: string | null
  /** Milliseconds before the answer begins. */
  readonly waitMs: number
  /** The n-th try of the very same request meets the n-th fault; the first try without one is answered. */
  readonly faults: readonly Fault[]
}

/** A turn without faults that ends as its blocks say. */
export function toTurn(blocks: readonly TurnBlock[]): Turn {
  const stopReason = blocks.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn'
  return { blocks, stopReason, explanation: null, waitMs: 0, faults: [] }
}

export function say(text: string): Turn {
  return toTurn([{ type: 'text', text }])
}
