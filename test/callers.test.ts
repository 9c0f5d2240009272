import { describe, expect, test } from 'vitest'
import { createCallers } from '../src/callers.ts'

const asked: string[] = []
const callers = createCallers({
  keys: {
    verify: async (secret) =>
      secret === 'plain' || secret === 'lh_env_chosen' ? { id: 'key_1', name: 'n', workspaceId: 'w' } : null,
  },
  environmentKeys: {
    async verify(secret) {
      asked.push(`environment ${secret}`)
      if (secret !== 'lh_env_good') return null
      const dates = { createdAt: new Date(), revokedAt: null }
      return { id: 'key_2', environmentId: 'env_1', workspaceId: 'w', name: 'n', ending: '', ...dates }
    },
  },
  work: {
    async verifyToken(secret) {
      asked.push(`work ${secret}`)
      if (secret !== 'lh_work_good') return null
      return {
        workspaceId: 'w',
        environmentId: 'env_1',
        sessionId: 'sesn_1',
        workId: 'work_1',
        keyId: 'key_2',
        attempt: 3,
      }
    },
  },
})

describe('a secret', () => {
  test.each([
    ['plain', { type: 'key', workspaceId: 'w', keyId: 'key_1' }, []],
    // Whatever it looks like: the operator chose it.
    ['lh_env_chosen', { type: 'key', workspaceId: 'w', keyId: 'key_1' }, []],
    [
      'lh_env_good',
      { type: 'environment', workspaceId: 'w', keyId: 'key_2', environmentId: 'env_1' },
      ['environment lh_env_good'],
    ],
    [
      'lh_work_good',
      {
        type: 'work',
        workspaceId: 'w',
        keyId: 'key_2',
        environmentId: 'env_1',
        sessionId: 'sesn_1',
        workId: 'work_1',
        attempt: 3,
      },
      ['work lh_work_good'],
    ],
    ['lh_env_bad', null, ['environment lh_env_bad']],
    ['lh_work_bad', null, ['work lh_work_bad']],
    ['bad', null, []],
  ])('%s is looked for once, where it may be', async (secret, caller, lookups) => {
    asked.length = 0
    expect(await callers.verify(secret)).toEqual(caller)
    expect(asked).toEqual(lookups)
  })
})
