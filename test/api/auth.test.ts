import { describe, expect, test } from 'vitest'
import { authenticate } from '../../src/api/auth.ts'
import type { Callers } from '../../src/api/context.ts'

const callers: Callers = {
  verify: async (secret) =>
    secret.startsWith('good') ? { type: 'key', keyId: `key of ${secret}`, workspaceId: 'mine' } : null,
}

describe('a caller', () => {
  test.each([
    { headers: { authorization: 'Bearer good' } },
    { headers: { authorization: 'bearer   good ' } },
    { headers: { 'x-api-key': 'good' } },
    { headers: { authorization: 'Bearer good', 'x-api-key': 'good' } },
    { headers: { 'x-api-key': 'good', 'anthropic-workspace-id': 'mine' } },
  ])('is known by its key: $headers', async ({ headers }) => {
    expect(await authenticate(headers, callers)).toEqual({ type: 'key', workspaceId: 'mine', keyId: 'key of good' })
  })

  test.each([
    { headers: {}, kind: 'authentication' },
    { headers: { authorization: 'Bearer bad' }, kind: 'authentication' },
    { headers: { authorization: 'Basic good' }, kind: 'authentication' },
    { headers: { authorization: 'good' }, kind: 'authentication' },
    { headers: { authorization: 'Bearer good', 'x-api-key': 'good too' }, kind: 'authentication' },
    { headers: { authorization: 'Basic x', 'x-api-key': 'good' }, kind: 'authentication' },
    { headers: { 'x-api-key': '' }, kind: 'authentication' },
    { headers: { 'x-api-key': 'good', 'anthropic-workspace-id': 'theirs' }, kind: 'permission' },
  ])('is refused: $headers', async ({ headers, kind }) => {
    await expect(authenticate(headers, callers)).rejects.toMatchObject({ kind })
  })

  test('is never told its key', async () => {
    await expect(authenticate({ authorization: 'Bearer badsecret' }, callers)).rejects.toThrow(/^(?!.*badsecret)/)
  })
})
