import type { ContentBlock, RefusalStopDetails } from '@anthropic-ai/sdk/resources/messages/messages'

type Result = Extract<ContentBlock, { type: 'web_search_tool_result' | 'web_fetch_tool_result' }>
/** What came of a call, without the call that it is of. */
export type ServedContent = Result extends infer Each
  ? Each extends Result
    ? Pick<Each, 'type' | 'content'>
    : never
  : never

/** A call that the API carries out by itself, once with what came of it. */
export interface ServedBlock {
  readonly type: 'server_tool_use'
  readonly name: 'web_search' | 'web_fetch'
  readonly input: Readonly<Record<string, unknown>>
  /** It is left to the next answer. */
  readonly isLeft: boolean
  readonly result?: ServedContent
}

/** A block of a scripted answer. */
export type TurnBlock =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'thinking'; readonly thinking: string }
  | { readonly type: 'tool_use'; readonly name: string; readonly input: Readonly<Record<string, unknown>> }
  | ServedBlock
  /** What came of a call that an earlier answer left. */
  | { readonly type: 'server_tool_result'; readonly id: string; readonly result: ServedContent }

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
  readonly stopReason:
    | 'end_turn'
    | 'tool_use'
    | 'max_tokens'
    | 'refusal'
    | 'pause_turn'
    | 'model_context_window_exceeded'
  /** Of a refusal. */
  readonly explanation: string | null
  /** The same; null if absent. */
  readonly category?: RefusalStopDetails['category']
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
