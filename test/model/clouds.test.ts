import type { IncomingMessage } from 'node:http'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { BackendError, connectCloud, runsWebTools, takesUrls } from '../../src/model/clouds.ts'
import type { CloudName } from '../../src/model/clouds.ts'
import { createMessagesModel } from '../../src/model/messages-client.ts'
import { failureOf, never } from './ask.ts'
import { toEventStream } from './event-stream.ts'
import { apiError, json, startHostileServer, stream } from './hostile-server.ts'
import { aRequest } from './request.ts'
import { answer, toSse } from './stream-text.ts'

/** Variables by which anything on this machine could lend the tests an identity. */
const IDENTITIES =
  /^(?:AWS_|ANTHROPIC_|GOOGLE_|CLOUD_ML_REGION|GCLOUD_PROJECT|HOME$|NO_GCE_CHECK|METADATA_SERVER_DETECTION)/

function given(variables: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) if (IDENTITIES.test(name)) vi.stubEnv(name, undefined)
  // Neither asks the metadata service of a cloud's machine.
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
  vi.stubEnv('METADATA_SERVER_DETECTION', 'none')
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
}

afterEach(() => vi.unstubAllEnvs())

const hello = answer('Hello', ' there')

interface Served {
  readonly cloud: CloudName
  readonly variables: Readonly<Record<string, string>>
  readonly path: string
  /** The header that shows who asks. */
  readonly header: readonly [string, RegExp]
}

const served: readonly Served[] = [
  {
    cloud: 'foundry',
    variables: { ANTHROPIC_FOUNDRY_API_KEY: 'foundry-key' },
    path: '/v1/messages',
    header: ['x-api-key', /^foundry-key$/],
  },
  {
    cloud: 'aws',
    variables: {
      ANTHROPIC_AWS_WORKSPACE_ID: 'wrkspc_1',
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'example',
      AWS_REGION: 'eu-west-1',
    },
    path: '/v1/messages',
    header: ['authorization', /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\//],
  },
  {
    cloud: 'bedrock',
    variables: { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'example', AWS_REGION: 'eu-west-1' },
    path: '/model/eu.there-v1:0/invoke-with-response-stream',
    header: ['authorization', /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/bedrock\/aws4_request/],
  },
]

describe('a cloud', () => {
  test.each(served)('$cloud is asked in its own way and answers like any model', async (row) => {
    given({ ...row.variables, ANTHROPIC_API_KEY: 'must-not-leave' })
    let seen: IncomingMessage | undefined
    await using server = await startHostileServer(async (response, request) => {
      seen = request
      if (row.cloud !== 'bedrock') return stream([toSse(hello)])(response)
      response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' }).end(toEventStream(hello))
    })
    const names = new Map([['claude-sonnet-5-5', 'eu.there-v1:0']])
    const model = createMessagesModel(await connectCloud(row.cloud, { baseUrl: server.url, names }))
    const { content, stopReason } = await model.request(aRequest(), { signal: never })
    expect({ content, stopReason }).toMatchObject({
      content: [{ type: 'text', text: 'Hello there' }],
      stopReason: 'end_turn',
    })
    expect(seen?.url).toBe(row.path)
    const [header, pattern] = row.header
    expect(seen?.headers[header]).toMatch(pattern)
    expect(JSON.stringify(seen?.headers)).not.toContain('must-not-leave')
  })

  test('that refuses a request says so in its own words', async () => {
    given({ ANTHROPIC_FOUNDRY_API_KEY: 'foundry-key' })
    await using server = await startHostileServer(json(403, apiError('permission_error', 'No such deployment.')))
    const model = createMessagesModel(await connectCloud('foundry', { baseUrl: server.url }))
    const failure = await failureOf(model.request(aRequest(), { signal: never }))
    expect(failure).toMatchObject({ kind: 'request_failed', status: 403, retryable: false })
    expect(failure.message).toContain('No such deployment.')
  })

  test.each(served.map(({ cloud, variables }) => ({ cloud, variables, reads: cloud !== 'bedrock' })))(
    '$cloud is asked with URLs of images and documents: $reads',
    async ({ cloud, variables, reads }) => {
      given(variables)
      await using server = await startHostileServer(json(400, apiError('invalid_request_error')))
      const model = createMessagesModel(await connectCloud(cloud, { baseUrl: server.url }))
      for (const type of ['image', 'document'] as const) {
        const named = { type, source: { type: 'url' as const, url: 'https://example.com/it' } }
        const content =
          type === 'image' ? [named] : [{ type: 'tool_result' as const, tool_use_id: 't', content: [named] }]
        const failure = await failureOf(
          model.request(aRequest({ messages: [{ role: 'user', content }] }), { signal: never }),
        )
        expect(failure.kind).toBe(reads ? 'request_failed' : 'file_refused')
        expect(failure.message.includes('reads no images and documents at URLs')).toBe(!reads)
      }
      expect(server.connections() > 0).toBe(reads)
    },
  )

  test.each(['anthropic', 'aws', 'foundry', 'google-cloud'] as const)('%s takes URLs', (name) => {
    expect(takesUrls(name)).toBe(true)
  })

  test.each(['bedrock', 'vertex'] as const)('%s takes no URLs', (name) => {
    expect(takesUrls(name)).toBe(false)
  })

  test.each(['anthropic', 'aws', 'foundry', 'google-cloud', 'bedrock', 'vertex'] as const)(
    '%s has web tools or not',
    (name) => {
      expect(runsWebTools(name)).toBe(name !== 'bedrock' && name !== 'vertex')
    },
  )

  test('without credentials is a failed request that may be tried again, and sends nothing', async () => {
    given({ HOME: '/nonexistent' })
    await using server = await startHostileServer(json(200, {}))
    for (const cloud of ['bedrock', 'google-cloud'] as const) {
      const model = createMessagesModel(await connectCloud(cloud, { baseUrl: server.url }))
      const failure = await failureOf(model.request(aRequest(), { signal: never }))
      expect(failure).toMatchObject({ retryable: true })
      expect(failure.message).toMatch(/credentials/i)
    }
    expect(server.connections()).toBe(0)
  })

  test.each<[CloudName, Readonly<Record<string, string>>, RegExp]>([
    ['aws', {}, /back end aws cannot be used: .*ANTHROPIC_AWS_WORKSPACE_ID/],
    ['foundry', {}, /back end foundry cannot be used: .*ANTHROPIC_FOUNDRY_API_KEY/],
    ['vertex', {}, /back end vertex cannot be used: .*CLOUD_ML_REGION/],
    ['vertex', { CLOUD_ML_REGION: 'global' }, /back end vertex cannot be used: .*default credentials/],
  ])('%s with %j says what it lacks before anything is asked', async (cloud, variables, message) => {
    given({ HOME: '/nonexistent', ...variables })
    const connecting = connectCloud(cloud, {})
    await expect(connecting).rejects.toThrow(BackendError)
    await expect(connecting).rejects.toThrow(message)
  })
})
