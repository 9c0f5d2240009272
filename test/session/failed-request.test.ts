import { describe, expect, test } from 'vitest'
import { fold } from '../../src/session/fold.ts'
import type { SessionError } from '../../src/wire/types.ts'
import { emptyState } from '../support/session-builders.ts'

const error = (type: string, retry: string) => ({ type, message: '', retry_status: { type: retry } }) as SessionError

describe('a failed request', () => {
  test.each([
    ['unknown_error', 1],
    ['model_overloaded_error', 1],
    ['model_rate_limited_error', 1],
    ['model_request_failed_error', 1],
    ['billing_error', 1],
    ['repository_authentication_error', 0],
    ['repository_forbidden_error', 0],
    ['repository_not_found_error', 0],
    ['repository_checkout_error', 0],
    ['repository_clone_error', 0],
    ['mcp_connection_failed_error', 0],
  ])('is counted of a %s that is tried again: %i', (type, failures) => {
    const entry = { type: 'session.error', id: 'e', error: error(type, 'retrying') } as const
    expect(fold(emptyState(), entry).failures).toBe(failures)
    expect(fold(emptyState(), { ...entry, error: error(type, 'exhausted') }).failures).toBe(0)
  })
})
