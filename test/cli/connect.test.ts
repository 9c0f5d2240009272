import { describe, expect, test } from 'vitest'
import { connectClient } from '../../src/cli/connect.ts'

const server = { base_url: 'http://127.0.0.1:1111', api_key: 'lh_server' }

describe('a client', () => {
  test.each([
    ['the running server', {}, server, 'http://127.0.0.1:1111', 'lh_server'],
    [
      'the environment first',
      { ANTHROPIC_BASE_URL: 'http://there', ANTHROPIC_API_KEY: 'k' },
      server,
      'http://there',
      'k',
    ],
    [
      'the running server, whatever key is around',
      { ANTHROPIC_API_KEY: 'k' },
      server,
      'http://127.0.0.1:1111',
      'lh_server',
    ],
    ['where dev would be', {}, undefined, 'http://127.0.0.1:8787', ''],
  ])('points at %s', (_where, env, running, baseURL, apiKey) => {
    expect(connectClient({ env, server: running })).toMatchObject({ baseURL, apiKey })
  })
})
