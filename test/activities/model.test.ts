import { describe, expect, test, vi } from 'vitest'
import type { ModelCallPorts } from '../../src/activities/model.ts'
import { LogIncomplete } from '../../src/history/session-log.ts'
import { currentHarness, findHarness } from '../../src/model/harness.ts'
import type { Model, ModelRequest } from '../../src/model/model.ts'
import { ModelFailure } from '../../src/model/model.ts'
import type { LogEntry } from '../../src/session/transcript.ts'
import { StoreAway } from '../../src/store/away.ts'
import { createMemoryBlobs } from '../support/memory-blobs.ts'
import { message } from '../support/session-builders.ts'
import { agentWith } from './agent.ts'
import { SESSION, callWith, response } from './model-scene.ts'

describe('callModel', () => {
  test('asks with the log up to its own scheduled event, however much came since', async () => {
    const { run, requests } = callWith()
    await run()
    expect(requests[0]?.messages).toHaveLength(1)
    expect(JSON.stringify(requests[0]?.messages)).toContain('m1')
  })

  test('has calls under auto judged by what the user had written, in the same request as clients see it', async () => {
    const judge: ModelRequest[] = []
    const use = {
      type: 'tool_use',
      id: 't1',
      name: 'bash',
      input: { command: 'ls' },
      caller: { type: 'direct' },
    } as const
    const { run } = callWith({
      tools: [{ name: 'bash', input_schema: { type: 'object' } }],
      configuration: async () => ({
        id: 'cfg_1',
        agent: agentWith([{ name: 'bash', policy: 'auto' }]),
        harness: currentHarness.id,
      }),
      model: {
        async request(request) {
          if (request.tools.length > 0) return { ...response, content: [use], stopReason: 'tool_use' }
          judge.push(request)
          return { ...response, content: [{ type: 'text', text: '1: DENY', citations: null }] }
        },
      },
    })
    const { entries } = await run()
    expect(judge.map(({ messages }) => JSON.stringify(messages))).toEqual([
      expect.stringMatching(/What the user wrote:\\n1: \\"text of m1\\".*The calls:\\n1: .*ls/),
    ])
    expect(entries).toMatchObject([
      { type: 'log.assistant', usage: response.usage },
      { type: 'agent.tool_use', evaluated_permission: 'deny' },
      { type: 'span.model_request_end', model_usage: { input_tokens: 2 * response.usage.input_tokens } },
    ])
  })

  test('counts no wait for what the judge is to read as work', async () => {
    let now = 0
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
    const use = { type: 'tool_use', id: 't1', name: 'bash', input: {}, caller: { type: 'direct' } } as const
    const { run } = callWith({
      tools: [{ name: 'bash', input_schema: { type: 'object' } }],
      configuration: async () => ({
        id: 'cfg_1',
        agent: agentWith([{ name: 'bash', policy: 'auto' }]),
        harness: currentHarness.id,
      }),
      model: {
        async request({ tools }) {
          now += 40
          return tools.length > 0 ? { ...response, content: [use], stopReason: 'tool_use' } : response
        },
      },
      heard: async () => {
        now += 600_000
        return ['do it']
      },
    })
    try {
      expect((await run()).ms).toBe(80)
    } finally {
      clock.mockRestore()
    }
  })

  test('asks with all that a later call stands behind', async () => {
    const { run, requests } = callWith({}, '2')
    await run()
    expect(requests[0]?.messages.map(({ role }) => role)).toEqual(['user', 'user', 'assistant'])
  })

  test('sends the same request when it is tried again', async () => {
    const { run, requests } = callWith()
    await run()
    await run()
    expect(JSON.stringify(requests[1])).toBe(JSON.stringify(requests[0]))
  })

  test('records the answer under the harness and the request it was asked with', async () => {
    const { entries, fault } = await callWith().run()
    expect(fault).toBeUndefined()
    expect(entries).toMatchObject([
      { type: 'log.assistant', harness: currentHarness.id },
      { type: 'agent.message' },
      { type: 'span.model_request_end', model_request_start_id: 'r1' },
    ])
  })

  test.each([
    ['overloaded', 'model_overloaded_error', true],
    ['rate_limited', 'model_rate_limited_error', true],
    ['billing', 'billing_error', false],
    ['unreachable', 'model_request_failed_error', true],
    ['garbled', 'model_request_failed_error', true],
    ['request_failed', 'model_request_failed_error', false],
    ['file_refused', 'model_request_failed_error', false],
  ] as const)('answers that the model is %s as data, for the workflow to judge', async (kind, error, retryable) => {
    const failing = { request: async () => Promise.reject(new ModelFailure({ kind, retryable, message: 'no' })) }
    expect(await callWith({ model: failing }).run()).toEqual({
      entries: [],
      fault: { error, message: kind === 'unreachable' ? 'network: no' : 'model: no', retryable },
    })
  })

  test('says that a file was refused when there is one to leave out', async () => {
    const image = { type: 'image', source: { type: 'url', url: 'https://images.example/1' } }
    const failure = new ModelFailure({ kind: 'file_refused', retryable: false, message: 'no' })
    const { fault } = await callWith({
      context: async () => [{ ...message('m1'), content: [image] }] as readonly LogEntry[],
      model: { request: async () => Promise.reject(failure) },
    }).run()
    expect(fault).toMatchObject({ retryable: false, fileRefused: true })
  })

  test.each([
    ['longhand-1', { harness: currentHarness.id, context: { window: 1_000_000, growth: 0.1 } }],
    [currentHarness.id, undefined],
  ])('says under %s what to do about a request that is too long', async (id, adoptable) => {
    const failure = new ModelFailure({ kind: 'too_long', retryable: false, message: 'no' })
    const { fault } = await callWith({
      harness: () => findHarness(id) ?? currentHarness,
      model: { request: async () => Promise.reject(failure) },
    }).run()
    expect(fault).toMatchObject({ tooLong: true, ...(adoptable ? { adoptable } : {}) })
    expect(fault && 'adoptable' in fault).toBe(adoptable !== undefined)
  })

  test('passes on how long the provider asks to wait', async () => {
    const failure = new ModelFailure({ kind: 'rate_limited', retryable: true, message: 'no', retryAfterMs: 1500 })
    const { fault } = await callWith({ model: { request: async () => Promise.reject(failure) } }).run()
    expect(fault?.retryAfterMs).toBe(1500)
  })

  const speaking: Model = {
    async request(_, { onProgress }) {
      onProgress?.({ type: 'block', index: 0, of: 'text' })
      onProgress?.({ type: 'text', index: 0, text: 'hel' })
      onProgress?.({ type: 'text', index: 0, text: 'lo' })
      return response
    },
  }

  test('shows the answer as it comes, under the id that the message then has in the log', async () => {
    const { run, batches } = callWith({ model: speaking })
    const { entries } = await run()
    const id = entries.flatMap((entry) => (entry.type === 'agent.message' ? [entry.id] : []))[0]
    expect(batches[0]).toMatchObject({ session: SESSION, activity: '1', attempt: 1, seq: 0, run: expect.any(String) })
    expect(batches.flatMap(({ parts }) => parts)).toEqual([
      { type: 'start', of: 'agent.message', id },
      { type: 'text', id, index: 0, text: 'hel' },
      { type: 'text', id, index: 0, text: 'lo' },
    ])
  })

  test('announces another id each time it is tried', async () => {
    const { run, batches } = callWith({ model: speaking })
    await run()
    await run()
    const ids = batches.flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'start' ? [part.id] : [])))
    expect(new Set(ids).size).toBe(2)
  })

  test.each([
    ['fails', () => Promise.reject(new Error('no connection'))],
    ['never answers', () => new Promise<void>(() => undefined)],
  ])('answers although the channel for previews %s', async (_, publish) => {
    const { entries } = await callWith({ model: speaking, publish }).run()
    expect(entries).toHaveLength(3)
  })

  test('still shows what had come when the model fails', async () => {
    const model: Model = {
      async request(request, options) {
        await speaking.request(request, options)
        throw new ModelFailure({ kind: 'overloaded', retryable: true, message: 'no' })
      },
    }
    const { run, batches } = callWith({ model })
    expect((await run()).fault).toBeDefined()
    expect(batches.flatMap(({ parts }) => parts)).toHaveLength(3)
  })

  test('is tried again while history does not show it yet', async () => {
    await expect(callWith({}, '9').run()).rejects.toMatchObject({ type: 'not_ready', nonRetryable: false })
  })

  test('outlasts a store that is away before the model is asked, and asks once', async () => {
    let reads = 0
    const { run, requests } = callWith({
      configuration: async () => {
        reads += 1
        if (reads < 3) throw Object.assign(new Error('inner words'), { code: 'ECONNREFUSED' })
        return { id: 'cfg_1', agent: agentWith(), harness: currentHarness.id }
      },
    })
    expect((await run()).entries).toHaveLength(3)
    expect([reads, requests.length]).toEqual([3, 1])
  })

  test('keeps an answer that was paid for until the store can take it', async () => {
    const long = 'x'.repeat(100_000)
    const content = [{ type: 'text' as const, text: long, citations: null }]
    const memory = createMemoryBlobs()
    let puts = 0
    const blobs: ModelCallPorts['blobs'] = {
      ...memory,
      async put(...blob) {
        puts += 1
        if (puts === 1) throw new StoreAway('store: a blob could not be written: ENOSPC')
        await memory.put(...blob)
      },
    }
    let asked = 0
    const model: Model = {
      async request() {
        asked += 1
        return { ...response, content }
      },
    }
    const { blobs: beside } = await callWith({ blobs, model }).run()
    expect(beside).toBeDefined()
    expect([asked, await memory.list(SESSION)]).toEqual([1, [expect.any(String)]])
  })

  test('says that the store has lost a part of the log, and is not tried again', async () => {
    const lost = callWith({ context: async () => Promise.reject(new LogIncomplete('run 2 is nowhere')) })
    await expect(lost.run()).rejects.toMatchObject({
      type: 'history_gone',
      nonRetryable: true,
      message: 'store: run 2 is nowhere',
    })
  })

  test('asks with the tools of the user’s machines, and says whose their calls are', async () => {
    const use = { type: 'tool_use', id: 't1', name: 'bash', input: {}, caller: { type: 'direct' } } as const
    const requests: ModelRequest[] = []
    const { run } = callWith({
      configuration: async () => ({
        id: 'cfg_1',
        agent: agentWith(),
        harness: currentHarness.id,
        selfHosted: true,
      }),
      tools: [{ name: 'bash', description: 'ours', input_schema: { type: 'object' } }],
      remoteTools: [{ name: 'bash', description: 'theirs', input_schema: { type: 'object' } }],
      model: {
        async request(request) {
          requests.push(request)
          return { ...response, content: [use], stopReason: 'tool_use' }
        },
      },
    })
    const { entries } = await run()
    expect(requests[0]).toMatchObject({
      tools: [{ description: 'theirs' }],
      system: [{ text: currentHarness.remote?.systemParts[0] }, {}],
    })
    expect(entries[0]).toMatchObject({ calls: [{ model_id: 't1', remote: true }] })
  })

  test('asks with tools that take the name of a hand, where the session has several', async () => {
    const networking = { type: 'unrestricted' as const }
    const recipe = { hands: { gpu: { environment: 'env_2', networking } } }
    const tool = (description: string) => ({ name: 'bash', description, input_schema: { type: 'object' as const } })
    const tools = { tools: [tool('one')], aimedTools: (names: readonly string[]) => [tool(names.join())] }
    const configured = { id: 'cfg_1', agent: agentWith(), harness: currentHarness.id }
    const several = callWith({ ...tools, configuration: async () => ({ ...configured, recipe }) })
    await several.run()
    expect(several.requests[0]).toMatchObject({ tools: [{ description: 'gpu' }] })
    const single = callWith({ ...tools, configuration: async () => configured })
    await single.run()
    expect(single.requests[0]).toMatchObject({ tools: [{ description: 'one' }] })
  })

  test('gives up when the session’s configuration is gone', async () => {
    const gone = callWith({ configuration: async () => null })
    await expect(gone.run()).rejects.toMatchObject({ type: 'deleted', nonRetryable: true })
  })
})
