import { describe, expect, test } from 'vitest'
import { authenticate } from '../../src/api/auth.ts'
import type { KeyStore } from '../../src/store/keys.ts'

const keys: Pick<KeyStore, 'verify'> = {
  verify: async (secret) =>
    secret.startsWith('good') ? { id: `key of ${secret}`, name: secret, workspaceId: 'mine' } : null,
}

describe('a caller', () => {
  test.each([
    { headers: { authorization: 'Bearer good' } },
    { headers: { authorization: 'bearer   good ' } },
    { headers: { 'x-api-key': 'good' } },
    { headers: { authorization: 'Bearer good', 'x-api-key': 'good' } },
    { headers: { 'x-api-key': 'good', 'anthropic-workspace-id': 'mine' } },
  ])('is known by its key: $headers', async ({ headers }) => {
    expect(await authenticate(headers, keys)).toEqual({ workspaceId: 'mine', keyId: 'key of good' })
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
    await expect(authenticate(headers, keys)).rejects.toMatchObject({ kind })
  })

  test('is never told its key', async () => {
    await expect(authenticate({ authorization: 'Bearer badsecret' }, keys)).rejects.toThrow(/^(?!.*badsecret)/)
  })
})
