import Anthropic from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import type { DemoModel } from '../../../src/model/demo/demo-model.ts'
import type { ModelRequest } from '../../../src/model/model.ts'
import { startDemoModel } from '../../../src/model/demo/demo-model.ts'
import { aRequest, asking } from '../request.ts'

const PROGRAM = '#program\nTHINK hm\nSAY Hello, wörld.\nTOOL bash {"command":"echo \\"a long enough command\\" 😀"}'

function post(demo: DemoModel, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${demo.url}/v1/messages`, {
    method: 'POST',
    headers: {
      'x-api-key': demo.apiKey,
      'anthropic-version': '2023-06-01',
      'content-type': 'application/json',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

const streaming = (request: ModelRequest) => ({ ...request, stream: true })

function officialClient(demo: DemoModel): Anthropic {
  return new Anthropic({ apiKey: demo.apiKey, baseURL: demo.url, maxRetries: 0 })
}

describe('the demo model’s server', () => {
  test('streams events in the order of the real API', async () => {
    await using demo = await startDemoModel()
    const response = await post(demo, streaming(asking('#program\nSAY one two\nTOOL bash {}')))
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const names = (await response.text())
      .split('\n')
      .filter((line) => line.startsWith('event: '))
      .map((line) => line.slice(7))
    const block = ['content_block_start', 'content_block_delta', 'content_block_delta', 'content_block_stop']
    expect(names).toEqual(['message_start', 'ping', ...block, ...block, 'message_delta', 'message_stop'])
  })

  test('gives the official client the same answer streamed and whole', async () => {
    await using demo = await startDemoModel()
    const { model, max_tokens, messages } = asking(PROGRAM)
    const params = { model, max_tokens, messages: [...messages] }
    const streamed = await officialClient(demo).messages.stream(params).finalMessage()
    const whole = await officialClient(demo).messages.create(params)
    expect(streamed.content).toMatchObject([
      { thinking: 'hm' },
      { text: 'Hello, wörld.' },
      { input: { command: 'echo "a long enough command" 😀' } },
    ])
    expect(streamed.usage).toEqual(whole.usage)
    // Ids name the request, and these are two.
    const ids = ({ content }: Anthropic.Message) => content.map((block) => ({ ...block, id: '' }))
    expect(ids(streamed)).toEqual(ids(whole))
    expect(streamed.id).not.toBe(whole.id)
  })

  test('answers the same bytes to the same request, on any server', async () => {
    const body = streaming(asking(PROGRAM))
    const answers: string[] = []
    for (let n = 0; n < 2; n += 1) {
      await using demo = await startDemoModel()
      answers.push(await (await post(demo, body)).text(), await (await post(demo, body)).text())
    }
    expect(new Set(answers).size).toBe(1)
  })

  test('tells its clients apart by their keys', async () => {
    await using demo = await startDemoModel({ apiKey: 'one', otherKeys: ['two'] })
    await post(demo, asking('hello'))
    await post({ ...demo, apiKey: 'two' }, asking('hello'))
    expect(demo.requests.map(({ key }) => key)).toEqual(['one', 'two'])
  })

  test('gives every call of a conversation its own id', async () => {
    await using demo = await startDemoModel()
    const client = officialClient(demo)
    const tools = [{ name: 'bash', input_schema: { type: 'object' as const } }]
    const messages: Anthropic.MessageParam[] = [
      { role: 'user', content: '#program\nPARALLEL 2\nTOOL bash\nTOOL bash\nTOOL bash' },
    ]
    const ids: string[] = []
    for (let n = 0; n < 2; n += 1) {
      const { content } = await client.messages.create({ model: 'claude-sonnet-5-5', max_tokens: 100, tools, messages })
      const calls = content.filter((block) => block.type === 'tool_use')
      ids.push(...calls.map(({ id }) => id))
      messages.push(
        { role: 'assistant', content },
        { role: 'user', content: calls.map(({ id }) => ({ type: 'tool_result', tool_use_id: id })) },
      )
    }
    expect(new Set(ids).size).toBe(3)
  })

  test('reads from its cache what an earlier request left there', async () => {
    await using demo = await startDemoModel()
    const client = officialClient(demo)
    const ask = (question: string) =>
      client.messages.create({
        model: 'claude-sonnet-5-5',
        max_tokens: 100,
        system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
        messages: [{ role: 'user', content: question }],
      })
    const first = await ask('One?')
    const second = await ask('Two?')
    expect(first.usage.cache_creation_input_tokens).toBeGreaterThan(0)
    expect(second.usage.cache_read_input_tokens).toBe(first.usage.cache_creation_input_tokens)
  })

  test('fails as often as the program says, for each request by itself', async () => {
    await using demo = await startDemoModel()
    const one = asking('#program\nFAIL 529 x2\nSAY one')
    const two = asking('#program\nFAIL 529 x2\nSAY two')
    const statuses: number[] = []
    for (const request of [one, two, one, two, one, two]) {
      const response = await post(demo, request)
      statuses.push(response.status)
      await response.text()
    }
    expect(statuses).toEqual([529, 529, 529, 529, 200, 200])
  })

  test('keeps a ledger of what it was asked', async () => {
    await using demo = await startDemoModel({ keepRequests: 2 })
    const bodies = [aRequest({ model: 'first' }), aRequest({ model: 'second' }), aRequest({ model: 'second' })]
    for (const body of bodies) await (await post(demo, body)).text()
    expect(demo.requests).toMatchObject([
      { path: '/v1/messages', body: { model: 'second' }, bytes: JSON.stringify(bodies[1]) },
      { body: { model: 'second' } },
    ])
    expect(demo.requests[0]?.hash).toBe(demo.requests[1]?.hash)
  })

  test('lists the one model that it is', async () => {
    await using demo = await startDemoModel()
    const models = []
    for await (const model of officialClient(demo).beta.models.list({ limit: 1000 })) models.push(model)
    expect(models).toMatchObject([{ type: 'model', id: 'scripted', lifecycle: 'active' }])
  })

  test('ends an answer that is under way when it is closed', async () => {
    const demo = await startDemoModel()
    const response = await post(demo, streaming(asking('#program\nSTALL\nSAY never to be heard')))
    await demo.close()
    await expect(response.text()).rejects.toThrow('terminated')
  })

  test('goes on when a client leaves before its answer', async () => {
    await using demo = await startDemoModel()
    const controller = new AbortController()
    const gone = fetch(`${demo.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': demo.apiKey, 'anthropic-version': '2023-06-01' },
      body: JSON.stringify(asking('#program\nSLEEP 600000')),
      signal: controller.signal,
    })
    while (demo.requests.length === 0) await (await fetch(demo.url)).text()
    controller.abort()
    await expect(gone).rejects.toThrow('aborted')
    expect((await post(demo, asking('#program\nSAY still here'))).status).toBe(200)
  })
})

describe('the demo model’s server, refusing', () => {
  test.each<[string, Record<string, string>, number, string]>([
    ['a wrong key', { 'x-api-key': 'wrong' }, 401, 'authentication_error'],
    ['an empty key', { 'x-api-key': '' }, 401, 'authentication_error'],
  ])('answers %s with %i', async (_, headers, status, type) => {
    await using demo = await startDemoModel()
    const response = await post(demo, aRequest(), headers)
    expect([response.status, await response.json()]).toMatchObject([status, { type: 'error', error: { type } }])
    expect(demo.requests).toHaveLength(0)
  })

  test('takes the key as a bearer token too, and misses it when there is none', async () => {
    await using demo = await startDemoModel()
    const ask = (headers: Record<string, string>) =>
      fetch(`${demo.url}/v1/messages`, {
        method: 'POST',
        headers: { 'anthropic-version': '2023-06-01', ...headers },
        body: JSON.stringify(aRequest()),
      })
    expect((await ask({ authorization: `Bearer ${demo.apiKey}` })).status).toBe(200)
    expect((await ask({ authorization: 'Bearer wrong' })).status).toBe(401)
    expect((await ask({})).status).toBe(401)
  })

  test('gives the real API’s error object with the id of its header', async () => {
    await using demo = await startDemoModel()
    const response = await post(demo, { ...aRequest(), max_tokens: 0 })
    expect(response.status).toBe(400)
    expect(response.headers.get('request-id')).toMatch(/^req_/)
    expect(await response.json()).toEqual({
      type: 'error',
      error: { type: 'invalid_request_error', message: 'max_tokens: Input should be greater than 0' },
      request_id: response.headers.get('request-id'),
    })
  })

  test.each<[string, string, RequestInit, number]>([
    ['an unknown path', '/v1/complete', { method: 'POST' }, 404],
    ['the root', '/', {}, 404],
    ['another method', '/v1/messages', {}, 405],
    ['models without a key', '/v1/models', {}, 401],
    ['models to be made', '/v1/models', { method: 'POST' }, 405],
    ['no version', '/v1/messages', { method: 'POST', headers: { 'x-api-key': 'demo' } }, 400],
    [
      'an empty body',
      '/v1/messages',
      { method: 'POST', headers: { 'x-api-key': 'demo', 'anthropic-version': '1' } },
      400,
    ],
    [
      'a broken body',
      '/v1/messages',
      { method: 'POST', headers: { 'x-api-key': 'demo', 'anthropic-version': '1' }, body: '{"model"' },
      400,
    ],
    [
      'a huge body',
      '/v1/messages',
      {
        method: 'POST',
        headers: { 'x-api-key': 'demo', 'anthropic-version': '1' },
        body: ' '.repeat(33 * 1024 * 1024),
      },
      413,
    ],
  ])('answers %s with the documented status', async (_, path, init, status) => {
    await using demo = await startDemoModel()
    const response = await fetch(demo.url + path, init)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ type: 'error' })
  })

  test('refuses what does not fit into its window, in the words of the real API', async () => {
    await using demo = await startDemoModel({ window: 100 })
    expect((await post(demo, asking('short'))).status).toBe(200)
    const response = await post(demo, asking('long '.repeat(100)))
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: { type: 'invalid_request_error', message: expect.stringMatching(/^prompt is too long: \d+ tokens > 100/) },
    })
  })

  test('does not start on a port that is taken', async () => {
    await using demo = await startDemoModel()
    await expect(startDemoModel({ port: Number(new URL(demo.url).port) })).rejects.toThrow('EADDRINUSE')
  })
})
