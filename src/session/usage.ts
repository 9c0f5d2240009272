import type { ModelUsage } from '../wire/types.ts'

/** Tokens and running time of a session so far, as `session.usage` and the session object report them. */
export interface Usage {
  readonly input_tokens: number
  readonly output_tokens: number
  readonly cache_read_input_tokens: number
  readonly cache_creation_input_tokens: number
  /** Seconds with a running thread; advanced by each `session.usage`. */
  readonly active_seconds: number
}

export function emptyUsage(): Usage {
  return {
    input_tokens: 0,
    output_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation_input_tokens: 0,
    active_seconds: 0,
  }
}

export function addUsage(total: Usage, request: ModelUsage): Usage {
  return {
    ...total,
    input_tokens: total.input_tokens + request.input_tokens,
    output_tokens: total.output_tokens + request.output_tokens,
    cache_read_input_tokens: total.cache_read_input_tokens + request.cache_read_input_tokens,
    cache_creation_input_tokens: total.cache_creation_input_tokens + request.cache_creation_input_tokens,
  }
}

export function noModelUsage(): ModelUsage {
  return { input_tokens: 0, output_tokens: 0, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 }
}
