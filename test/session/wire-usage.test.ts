import { describe, expect, test } from 'vitest'
import { emptyUsage } from '../../src/session/usage.ts'
import { toWireUsage } from '../../src/session/wire-usage.ts'
import { ACCOUNTING } from '../support/session-builders.ts'

describe('usage on the wire', () => {
  test('has the wire’s words', () => {
    const total = {
      input_tokens: 1,
      output_tokens: 2,
      cache_read_input_tokens: 3,
      cache_creation_input_tokens: 4,
      active_seconds: 5.5,
    }
    expect(toWireUsage({ usage: total })).toEqual({
      input_tokens: 1,
      output_tokens: 2,
      cache_read_input_tokens: 3,
      cache_creation: { ephemeral_5m_input_tokens: 4, ephemeral_1h_input_tokens: 0 },
      active_seconds: 5.5,
    })
  })

  test('has no cost where there is no price, and no searches where no accounts are kept', () => {
    const unpriced = toWireUsage({ usage: emptyUsage(), accounting: { prices: null, hourly: 8 } })
    expect(unpriced).toMatchObject({ server_tool_use: { web_search_requests: 0, web_fetch_requests: 0 } })
    expect(unpriced).not.toHaveProperty('list_cost')
    expect(toWireUsage({ usage: emptyUsage() })).not.toHaveProperty('server_tool_use')
  })

  test('tells searches beside the tokens', () => {
    const searched = toWireUsage({ usage: emptyUsage(), work: { ms: 0, searches: 3 }, accounting: ACCOUNTING })
    expect(searched.server_tool_use).toEqual({ web_search_requests: 3, web_fetch_requests: 0 })
  })
})
