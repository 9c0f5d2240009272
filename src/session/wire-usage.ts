import type { Spending } from './cost.ts'
import { costOf, roundCents } from './cost.ts'

/** The wire's snapshot, of the session object and of `session.usage` alike. */
interface WireUsage {
  input_tokens: number
  output_tokens: number
  cache_read_input_tokens: number
  cache_creation: { ephemeral_5m_input_tokens: number; ephemeral_1h_input_tokens: number }
  active_seconds: number
  list_cost?: { amount: string; currency: 'USD' }
  server_tool_use?: { web_search_requests: number; web_fetch_requests: number }
}

/** `list_cost` is absent for a model without a list price, and with `server_tool_use` where no accounts are kept. */
export function toWireUsage(spending: Spending): WireUsage {
  const { usage, work, accounting } = spending
  const cost = costOf(spending)
  return {
    input_tokens: usage.input_tokens,
    output_tokens: usage.output_tokens,
    cache_read_input_tokens: usage.cache_read_input_tokens,
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cache_creation_input_tokens,
      ephemeral_1h_input_tokens: 0,
    },
    active_seconds: usage.active_seconds,
    ...(cost === null ? {} : { list_cost: { amount: roundCents(cost), currency: 'USD' } }),
    // Fetched pages cost nothing but their tokens, and are not counted.
    ...(accounting ? { server_tool_use: { web_search_requests: work?.searches ?? 0, web_fetch_requests: 0 } } : {}),
  }
}
