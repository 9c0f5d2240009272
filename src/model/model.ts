import type {
  OutputConfig,
  TextBlockParam,
  ThinkingConfigParam,
  ToolChoiceNone,
} from '@anthropic-ai/sdk/resources/messages/messages'
import type { ModelContentBlock, ModelMessage, ModelTool, ModelUsage } from '../wire/types.ts'

/** One request to the model, in the Messages API's own terms; sent field by field in a fixed order. */
export interface ModelRequest {
  readonly model: string
  /** Tokens of the answer at most. */
  readonly max_tokens: number
  readonly system: readonly TextBlockParam[]
  readonly tools: readonly ModelTool[]
  /** `none`: the tools were there once, and none is to be called. */
  readonly tool_choice?: ToolChoiceNone
  readonly messages: readonly ModelMessage[]
  readonly thinking?: ThinkingConfigParam
  /** Carries `effort`. */
  readonly output_config?: OutputConfig
  /** Faster at a higher price, where model and back end have it. */
  readonly speed?: 'fast'
  /** Where the model is to run. */
  readonly inference_geo?: string
}

export interface ModelResponse {
  /**
   * The assistant's blocks as the model gave them, ready to be sent back. Blank text blocks are left out, because the
   * API refuses them there, and so is a tool call that the end of the answer cut short.
   */
  readonly content: readonly ModelContentBlock[]
  /** `end_turn`, `tool_use`, `max_tokens`, `refusal`, …; reasons of the future are passed on as they are. */
  readonly stopReason: string
  /** Only for refusals, and not for all of them. */
  readonly stopDetails: { readonly category: string | null; readonly explanation: string | null } | null
  readonly usage: ModelUsage
  /** Web searches that the provider made; absent for none. */
  readonly searches?: number
  /** Of the last time that the model was asked, where the provider asked it again with what it had found, and tells. */
  readonly last?: ModelUsage
}

/**
 * What has come of an answer: that its block `index` begins, or a piece of that block's text. Counted as the model counts,
 * blocks that are left out in the end included; a text's pieces, put together, are the text of its block.
 */
export type ModelProgress =
  | { readonly type: 'block'; readonly index: number; readonly of: ModelContentBlock['type'] }
  | { readonly type: 'text'; readonly index: number; readonly text: string }

export interface ModelRequestOptions {
  /** Ends the request; it then rejects with the signal's reason. */
  readonly signal: AbortSignal
  /** Called in order, before the promise settles. */
  readonly onProgress?: (progress: ModelProgress) => void
}

/** What thinks. One call is one try: whoever calls decides about the next one. Rejects with {@link ModelFailure}. */
export interface Model {
  request(request: ModelRequest, options: ModelRequestOptions): Promise<ModelResponse>
}

/**
 * `overloaded` and `rate_limited` are the provider's word; `billing` is for a person to settle; `unreachable` means no
 * connection, one that breaks off, or silence on it; `garbled` is an answer that cannot be understood or has no end;
 * `too_long` is a request that does not fit into the model's window, or into what the provider takes at all;
 * `file_refused` is a request with an image or a document that the provider cannot read or does not take;
 * `request_failed` is every other refusal or error of the provider.
 */
export type ModelFailureKind =
  | 'overloaded'
  | 'rate_limited'
  | 'request_failed'
  | 'too_long'
  | 'file_refused'
  | 'billing'
  | 'unreachable'
  | 'garbled'

export interface ModelFailureDetails {
  readonly kind: ModelFailureKind
  /** For a person: what was expected and what came. Never contains the key. */
  readonly message: string
  readonly retryable: boolean
  /** How long the provider asks to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined
  /** HTTP status, where there was one. */
  readonly status?: number | undefined
}

/** Why a request to the model came to nothing. */
export class ModelFailure extends Error {
  override readonly name = 'ModelFailure'
  readonly kind: ModelFailureKind
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined
  readonly status: number | undefined
  /** What the provider had counted when the answer broke off: it is paid for all the same. */
  usage: ModelUsage | undefined

  constructor(details: ModelFailureDetails, options?: ErrorOptions) {
    super(`${details.kind === 'unreachable' ? 'network' : 'model'}: ${details.message}`, options)
    this.kind = details.kind
    this.retryable = details.retryable
    this.retryAfterMs = details.retryAfterMs
    this.status = details.status
  }
}

/** An answer that cannot be understood; asking again may give a better one. */
export function garbled(what: string, options?: ErrorOptions): ModelFailure {
  return new ModelFailure({ kind: 'garbled', retryable: true, message: `the answer is garbled: ${what}` }, options)
}
