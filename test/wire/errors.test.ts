import { describe, expect, test } from 'vitest'
import { ApiError, toErrorBody, toErrorResponse } from '../../src/wire/errors.ts'
import type { ApiErrorKind } from '../../src/wire/errors.ts'

const TABLE: readonly [ApiErrorKind, number, string, Record<string, string>][] = [
  ['invalid_request', 400, 'invalid_request_error', {}],
  ['authentication', 401, 'authentication_error', {}],
  ['permission', 403, 'permission_error', {}],
  ['not_found', 404, 'not_found_error', {}],
  ['conflict', 409, 'conflict_error', { 'x-should-retry': 'false' }],
  ['precondition', 412, 'invalid_request_error', { 'x-should-retry': 'false' }],
  ['too_large', 413, 'request_too_large', {}],
  ['rate_limit', 429, 'rate_limit_error', { 'retry-after': '1', 'x-should-retry': 'true' }],
  ['api_error', 500, 'api_error', {}],
  ['unavailable', 504, 'timeout_error', { 'x-should-retry': 'true' }],
  ['overloaded', 529, 'overloaded_error', { 'x-should-retry': 'true' }],
]

describe('ApiError', () => {
  test.each(TABLE)('answers %s with %i %s', (kind, status, type, headers) => {
    expect(toErrorResponse(new ApiError(kind, 'why'), 'req_1')).toEqual({
      status,
      headers,
      body: { type: 'error', error: { type, message: 'why' }, request_id: 'req_1' },
    })
  })

  test('puts the code beside other details', () => {
    const error = new ApiError('invalid_request', 'no', { code: 'environment_archived', details: { id: 'env_1' } })
    expect(toErrorBody(error, null)).toEqual({
      type: 'error',
      error: {
        type: 'invalid_request_error',
        message: 'no',
        details: { error_code: 'environment_archived', id: 'env_1' },
      },
      request_id: null,
    })
  })

  test('rounds retry-after up to whole seconds and never below zero', () => {
    const header = (retryAfter: number) =>
      toErrorResponse(new ApiError('rate_limit', 'slow', { retryAfter }), null).headers['retry-after']
    expect([0, 0.2, 7, -3].map(header)).toEqual(['0', '1', '7', '0'])
  })

  test('lets a request for a retry overrule the kind', () => {
    const headers = toErrorResponse(new ApiError('conflict', 'race', { shouldRetry: true }), null).headers
    expect(headers).toEqual({ 'x-should-retry': 'true' })
  })

  test('keeps its cause', () => {
    const cause = new Error('inner')
    expect(new ApiError('unavailable', 'outer', { cause }).cause).toBe(cause)
    expect('cause' in new ApiError('unavailable', 'outer')).toBe(false)
  })

  test.each([new Error('password=hunter2 at /srv/app.ts:3'), 'text', null, undefined, { kind: 'not_found' }])(
    'says nothing about a failure of ours: %s',
    (failure) => {
      const { status, body } = toErrorResponse(failure, 'req_2')
      expect(status).toBe(500)
      expect(body.error).toEqual({ type: 'api_error', message: 'Internal server error' })
    },
  )
})
