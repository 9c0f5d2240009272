import { Buffer } from 'node:buffer'
import { describe, expect, test } from 'vitest'
import type { ModelFailure, ModelProgress } from '../../src/model/model.ts'
import type { Watch } from '../../src/model/silence.ts'
import { startDemoModel } from '../../src/model/demo/demo-model.ts'
import { connectAnthropic } from '../../src/model/endpoint.ts'
import { createMessagesModel } from '../../src/model/messages-client.ts'
import { garbled } from '../../src/model/model.ts'
import { failureOf, modelAt, never } from './ask.ts'
import { startHostileServer, stream } from './hostile-server.ts'
import { aRequest, asking } from './request.ts'
import { answer, toSse } from './stream-text.ts'

describe('the Messages API client, with the demo model', () => {
  test('gives the blocks, the stop reason and the usage of a streamed answer', async () => {
    await using demo = await startDemoModel()
    const model = createMessagesModel(connectAnthropic({ apiKey: demo.apiKey, baseUrl: demo.url }))
    const request = asking('#program\nTHINK hm\nSAY Let me look: ünï 😀.\nTOOL bash {"command":"ls -l \\"x\\""}')
    const response = await model.request(request, { signal: never })
    expect(response).toMatchObject({
      content: [
        { type: 'thinking', thinking: 'hm' },
        { type: 'text', text: 'Let me look: ünï 😀.' },
        { type: 'tool_use', name: 'bash', input: { command: 'ls -l "x"' } },
      ],
      stopReason: 'tool_use',
      stopDetails: null,
    })
    expect(response.usage.input_tokens).toBeGreaterThan(0)
    expect(response.usage.output_tokens).toBeGreaterThan(1)
  })

  test('reports blocks and text as they come', async () => {
    await using demo = await startDemoModel()
    const model = createMessagesModel(connectAnthropic({ apiKey: demo.apiKey, baseUrl: demo.url }))
    const reported: ModelProgress[] = []
    const onProgress = (progress: ModelProgress) => void reported.push(progress)
    await model.request(asking('#program\nSAY one two\nTHINK hm\nSAY three'), { signal: never, onProgress })
    expect(reported).toEqual([
      { type: 'block', index: 0, of: 'text' },
      { type: 'text', index: 0, text: 'one ' },
      { type: 'text', index: 0, text: 'two' },
      { type: 'block', index: 1, of: 'thinking' },
      { type: 'block', index: 2, of: 'text' },
      { type: 'text', index: 2, text: 'three' },
    ])
  })

  test('sends equal requests as equal bytes, whatever the order of their fields', async () => {
    await using demo = await startDemoModel()
    const model = createMessagesModel(connectAnthropic({ apiKey: demo.apiKey, baseUrl: demo.url }))
    const request = aRequest({ thinking: { type: 'adaptive' }, output_config: { effort: 'high' } })
    await model.request(request, { signal: never })
    await model.request(
      Object.assign(
        {},
        ...Object.entries(request)
          .toReversed()
          .map(([key, value]) => ({ [key]: value })),
      ),
      { signal: never },
    )
    expect(new Set(demo.requests.map(({ bytes }) => bytes)).size).toBe(1)
    expect(demo.requests[0]?.body).toEqual({ ...request, stream: true })
  })

  test('asks for fast mode under its token, and tells at what speed it ran', async () => {
    await using demo = await startDemoModel()
    const model = createMessagesModel(connectAnthropic({ apiKey: demo.apiKey, baseUrl: demo.url }))
    const request = { ...aRequest(), model: 'claude-opus-5', speed: 'fast' as const, inference_geo: 'us' }
    const fast = await model.request(request, { signal: never })
    const usual = await model.request(aRequest(), { signal: never })
    expect([fast.usage.speed, usual.usage.speed]).toEqual(['fast', undefined])
    expect(demo.requests.map(({ betas }) => betas)).toEqual([['fast-mode-2026-02-01'], []])
    expect(demo.requests[0]?.body).toEqual({ ...request, stream: true })
  })

  test('refuses fast mode where the back end has none, without asking', async () => {
    await using demo = await startDemoModel()
    const endpoint = connectAnthropic({ apiKey: demo.apiKey, baseUrl: demo.url })
    const model = createMessagesModel({ ...endpoint, takesFast: false })
    await expect(model.request({ ...aRequest(), speed: 'fast' }, { signal: never })).rejects.toMatchObject({
      kind: 'request_failed',
      retryable: false,
      message: expect.stringMatching(/^model: the back end has no fast mode/),
    })
    expect(demo.requests).toEqual([])
  })

  test('gives a refusal with its explanation', async () => {
    await using demo = await startDemoModel()
    const model = createMessagesModel(connectAnthropic({ apiKey: demo.apiKey, baseUrl: demo.url }))
    const response = await model.request(asking('#program\nREFUSE not this one'), { signal: never })
    expect(response).toMatchObject({ content: [], stopReason: 'refusal', stopDetails: { explanation: 'not this one' } })
  })

  test('makes one try per request', async () => {
    await using demo = await startDemoModel()
    const model = createMessagesModel(connectAnthropic({ apiKey: demo.apiKey, baseUrl: demo.url }))
    await failureOf(model.request(asking('#program\nFAIL 529'), { signal: never }))
    expect(demo.requests).toHaveLength(1)
  })

  test.each([
    ['FAIL 429 retry-after=2', { kind: 'rate_limited', retryable: true, retryAfterMs: 2000, status: 429 }],
    ['FAIL 400', { kind: 'request_failed', retryable: false, status: 400 }],
    ['GARBAGE', { kind: 'garbled', retryable: true }],
    ['CUT', { kind: 'unreachable', retryable: true }],
    ['ERROR overloaded_error', { kind: 'overloaded', retryable: true }],
  ])('tells what %s is, and gets the answer on the next try', async (line, failure) => {
    await using demo = await startDemoModel()
    const model = createMessagesModel(connectAnthropic({ apiKey: demo.apiKey, baseUrl: demo.url }))
    const request = asking(`#program\n${line}\nSAY a long enough answer`)
    expect(await failureOf(model.request(request, { signal: never }))).toMatchObject(failure)
    expect(await model.request(request, { signal: never })).toMatchObject({ stopReason: 'end_turn' })
  })
})

/** A watch that never gives up by itself and remembers what it was told. */
function aWatch() {
  let bytes = 0
  let events = 0
  const ends: string[] = []
  let giveUp: (reason: ModelFailure) => void = () => {}
  const watch: Watch = {
    bytes: (chunk) => void (bytes += chunk.length),
    event: () => void (events += 1),
    linger: () => void ends.push('linger'),
    stop: () => void ends.push('stop'),
  }
  const startWatch = (end: typeof giveUp) => {
    giveUp = end
    return watch
  }
  return {
    options: { startWatch },
    told: () => ({ bytes, events, ends }),
    giveUp: (reason: ModelFailure) => giveUp(reason),
  }
}

const OK = answer('Hello ', 'wörld 😀')

describe('the Messages API client, kept waiting', () => {
  test('gives up on a server that never answers', async () => {
    await using server = await startHostileServer(() => {})
    const failure = await failureOf(modelAt(server.url, { stallMs: 40 }).request(aRequest(), { signal: never }))
    expect(failure).toMatchObject({
      kind: 'unreachable',
      retryable: true,
      message: 'network: the model has said nothing for 0.04 s',
    })
  })

  test('ends and closes the connection when its watch gives up', async () => {
    let closed: Promise<unknown> = Promise.resolve()
    await using server = await startHostileServer((response) => {
      closed = new Promise((resolve) => response.once('close', resolve))
      return stream([toSse(OK.slice(0, 3))], 'open')(response)
    })
    const watch = aWatch()
    const request = modelAt(server.url, watch.options).request(aRequest(), {
      signal: never,
      onProgress: () => watch.giveUp(garbled('enough')),
    })
    await expect(request).rejects.toThrow('enough')
    await closed
  })

  test('closes the connection of an answer that it cannot understand', async () => {
    let closed: Promise<unknown> = Promise.resolve()
    await using server = await startHostileServer((response) => {
      closed = new Promise((resolve) => response.once('close', resolve))
      response.writeHead(200, { 'content-type': 'text/html' }).write('<html>')
    })
    expect(await failureOf(modelAt(server.url).request(aRequest(), { signal: never }))).toMatchObject({
      kind: 'garbled',
    })
    await closed
  })

  test('tells its watch of bytes, of events that are no pings, and of the end', async () => {
    const ping = 'event: ping\ndata: {"type":"ping"}\n\n'
    await using server = await startHostileServer(stream([ping, toSse(OK), ping]))
    const watch = aWatch()
    await modelAt(server.url, watch.options).request(aRequest(), { signal: never })
    expect(watch.told()).toEqual({
      bytes: Buffer.byteLength(toSse(OK) + ping + ping),
      events: OK.length,
      ends: ['linger', 'stop'],
    })
  })

  test('gives up on the body of an error that never ends', async () => {
    await using server = await startHostileServer((response) => void response.writeHead(500).write('{'))
    expect(await failureOf(modelAt(server.url, { stallMs: 40 }).request(aRequest(), { signal: never }))).toMatchObject({
      kind: 'unreachable',
    })
  })

  test('gives the answer at message_stop, though the connection stays open', async () => {
    await using server = await startHostileServer(stream([toSse(OK)], 'open'))
    expect(await modelAt(server.url).request(aRequest(), { signal: never })).toMatchObject({ stopReason: 'end_turn' })
  })

  test('uses a connection again that was read to its end', async () => {
    await using server = await startHostileServer(stream([toSse(OK)]))
    const model = modelAt(server.url)
    for (let n = 0; n < 10; n += 1) await model.request(aRequest(), { signal: never })
    // Not always one: a request may begin before the client has put the last one's connection back.
    expect(server.connections()).toBeLessThan(10)
  })

  test('does not ask at all when it was aborted before', async () => {
    await using server = await startHostileServer(stream([toSse(OK)]))
    const reason = new Error('given up')
    await expect(modelAt(server.url).request(aRequest(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(server.connections()).toBe(0)
  })

  test.each([
    ['before the answer begins', []],
    ['in the middle of the answer', [toSse(OK.slice(0, 3))]],
  ])('rejects with the reason when aborted %s, and closes the connection', async (_, chunks) => {
    const reason = new Error('given up')
    const controller = new AbortController()
    let closed: Promise<unknown> = Promise.resolve()
    await using server = await startHostileServer(async (response) => {
      closed = new Promise((resolve) => response.once('close', resolve))
      if (chunks.length === 0) controller.abort(reason)
      else await stream(chunks, 'open')(response)
    })
    const onProgress = () => controller.abort(reason)
    await expect(modelAt(server.url).request(aRequest(), { signal: controller.signal, onProgress })).rejects.toBe(
      reason,
    )
    await closed
  })

  test('leaves no listener on a signal that outlives the request', async () => {
    await using server = await startHostileServer(stream([toSse(OK)]))
    const { signal } = new AbortController()
    let listeners = 0
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners += 1
      addEventListener.apply(signal, args)
    }
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners -= 1
      removeEventListener.apply(signal, args)
    }
    await modelAt(server.url).request(aRequest(), { signal })
    expect(listeners).toBe(0)
  })

  test('does not disguise a mistake of the caller as a failure of the model', async () => {
    await using server = await startHostileServer(stream([toSse(OK)]))
    const mistake = new Error('a mistake')
    const onProgress = () => {
      throw mistake
    }
    await expect(modelAt(server.url).request(aRequest(), { signal: never, onProgress })).rejects.toBe(mistake)
  })
})
