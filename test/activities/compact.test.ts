import { describe, expect, test } from 'vitest'
import type { AskingPorts } from '../../src/activities/asking.ts'
import { createCompact } from '../../src/activities/compact.ts'
import { buildRequest } from '../../src/activities/request.ts'
import { currentHarness, findHarness } from '../../src/model/harness.ts'
import type { ModelRequest, ModelResponse } from '../../src/model/model.ts'
import { ModelFailure } from '../../src/model/model.ts'
import type { LogEntry } from '../../src/session/transcript.ts'
import { transcript } from '../../src/session/transcript.ts'
import type { ModelTool } from '../../src/wire/types.ts'
import { SESSION } from '../support/history-builders.ts'
import { createMemoryBlobs } from '../support/memory-blobs.ts'
import { answerEntries, message, resultEntry } from '../support/session-builders.ts'
import { agentWith } from './agent.ts'
import { inActivity } from './in-activity.ts'
import { askingPorts } from './model-scene.ts'

const USAGE = { input_tokens: 9, output_tokens: 3, cache_read_input_tokens: 90, cache_creation_input_tokens: 1 }
const tools = [{ name: 'bash', description: 'bash', input_schema: { type: 'object' } }] satisfies ModelTool[]
const log = [
  message('m1'),
  ...answerEntries({ request: 'r1', calls: [['c1', 'allow']] }),
  resultEntry('c1'),
] as readonly LogEntry[]

function respond(text: string, stopReason = 'end_turn'): ModelResponse {
  return { content: [{ type: 'text', text, citations: null }], stopReason, stopDetails: null, usage: USAGE }
}

function compactWith(response: ModelResponse | ModelFailure, change: Partial<AskingPorts> = {}) {
  const requests: ModelRequest[] = []
  const { compact } = createCompact({
    context: async () => log,
    blobs: createMemoryBlobs(),
    model: {
      async request(request) {
        requests.push(request)
        if (response instanceof ModelFailure) throw response
        return response
      },
    },
    ...askingPorts(tools),
    ...change,
  })
  return { run: () => inActivity(() => compact({ session: SESSION, request: 'r2', harness: 'h' })), requests }
}

describe('compact', () => {
  test('asks with the request of a step and one more message, so that the cache knows all before it', async () => {
    const { run, requests } = compactWith(respond('all is well'))
    await run()
    const step = buildRequest({
      agent: agentWith(),
      harness: currentHarness,
      tools,
      web: { versions: null },
      messages: transcript(log),
    })
    const [asked] = requests
    const bare = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value).replaceAll(/,"cache_control":{[^}]*}/g, ''))
    expect(asked).toMatchObject({ model: step.model, system: step.system, tools: step.tools, thinking: step.thinking })
    expect(bare(asked?.messages.slice(0, -1))).toEqual(bare(step.messages))
    expect(asked?.messages.at(-1)).toMatchObject({
      role: 'user',
      content: [{ type: 'text', text: currentHarness.context?.prompt }],
    })
    expect(JSON.stringify(asked?.messages.at(-2))).toContain('cache_control')
    expect(asked?.max_tokens).toBe(currentHarness.context?.maxTokens)
  })

  test('asks for no more than the model can say at once', async () => {
    const agent = agentWith([], { model: { id: 'claude-3-haiku-20240307' } })
    const configuration = async () => ({ id: 'cfg_1', agent, harness: currentHarness.id })
    const { run, requests } = compactWith(respond('all is well'), { configuration })
    await run()
    expect(requests[0]?.max_tokens).toBe(4096)
  })

  test('records the summary, what clients see of it, and the end of the request', async () => {
    const { entries, fault } = await compactWith(respond('all is well')).run()
    expect(fault).toBeUndefined()
    expect(entries).toEqual([
      {
        type: 'log.summary',
        harness: currentHarness.id,
        introduction: currentHarness.context?.introduction,
        text: 'all is well',
      },
      { type: 'agent.thread_context_compacted', id: expect.stringMatching(/^sevt_/) },
      {
        type: 'span.model_request_end',
        id: expect.stringMatching(/^sevt_/),
        model_request_start_id: 'r2',
        is_error: false,
        model_usage: USAGE,
      },
    ])
  })

  test.each([
    { name: 'no words', response: { ...respond(''), content: [] } },
    { name: 'blank words', response: respond(' \n') },
    { name: 'words before a call', response: respond('Let me look first.', 'tool_use') },
    { name: 'a refusal', response: respond('I cannot', 'refusal') },
    { name: 'a pause', response: respond('So far,', 'pause_turn') },
  ])('takes $name for a failure that was paid for', async ({ response }) => {
    const { entries, fault } = await compactWith(response).run()
    expect(entries).toMatchObject([{ type: 'span.model_request_end', is_error: true, model_usage: USAGE }])
    expect(fault).toMatchObject({ error: 'model_request_failed_error', retryable: true })
  })

  test('counts the searches that were made for it', async () => {
    const { entries } = await compactWith({ ...respond('all is well'), searches: 2 }).run()
    expect(entries[0]).toMatchObject({ type: 'log.summary', searches: 2 })
  })

  test('gives a call that the model’s API has left open a result before it asks', async () => {
    const use = {
      type: 'server_tool_use',
      id: 's1',
      name: 'web_search',
      input: {},
      caller: { type: 'direct' },
    } as const
    const left: LogEntry = {
      type: 'log.assistant',
      harness: 'h',
      content: [use],
      stop_reason: 'pause_turn',
      calls: [],
    }
    const { run, requests } = compactWith(respond('well'), { context: async () => [...log, left] })
    await run()
    const [before, after, prompt] = requests[0]?.messages.slice(-3) ?? []
    expect(before).toMatchObject({ role: 'assistant', content: [use] })
    expect(after).toMatchObject({ role: 'assistant', content: [{ type: 'web_search_tool_result', tool_use_id: 's1' }] })
    expect(prompt?.role).toBe('user')
  })

  test('tells that the request was too long, for the workflow to make room', async () => {
    const failure = new ModelFailure({ kind: 'too_long', retryable: false, message: 'prompt is too long' })
    expect(await compactWith(failure).run()).toEqual({
      entries: [],
      fault: {
        error: 'model_request_failed_error',
        message: 'model: prompt is too long',
        retryable: false,
        tooLong: true,
      },
    })
  })

  test('under a harness without words for it asks in those of the present one, and records that', async () => {
    const harness = () => findHarness('longhand-1') ?? currentHarness
    const { run, requests } = compactWith(respond('all is well'), { harness })
    const { entries } = await run()
    expect(entries[0]).toMatchObject({ harness: currentHarness.id, introduction: currentHarness.context?.introduction })
    expect(JSON.stringify(requests[0]?.messages.at(-1))).toContain(JSON.stringify(currentHarness.context?.prompt))
  })
})
