import { describe, expect, test } from 'vitest'
import { buildRequest } from '../../src/activities/request.ts'
import { currentHarness } from '../../src/model/harness.ts'
import type { ModelMessage, ModelTool, SessionAgent } from '../../src/wire/types.ts'
import { agentWith } from './agent.ts'

const tools = ['bash', 'read', 'write'].map((name): ModelTool => ({
  name,
  description: name,
  input_schema: { type: 'object' },
}))
const ask = (text: string): ModelMessage => ({ role: 'user', content: [{ type: 'text', text }] })
const result = (id: string): ModelMessage => ({
  role: 'user',
  content: [{ type: 'tool_result', tool_use_id: id, content: [{ type: 'text', text: 'done' }], is_error: false }],
})
const use = (id: string): ModelMessage => ({
  role: 'assistant',
  content: [{ type: 'tool_use', id, name: 'bash', input: {} }],
})
const conversation = [ask('one'), use('t1'), result('t1'), use('t2'), result('t2'), use('t3'), result('t3'), ask('two')]

function build(messages: readonly ModelMessage[], agent: SessionAgent = agentWith()) {
  return buildRequest({ agent, harness: currentHarness, tools, messages })
}

/** The request without the marks that move along. */
function unmarked(value: unknown): string {
  return JSON.stringify(value, (key, field: unknown) => (key === 'cache_control' ? undefined : field))
}

function countMarks(value: unknown): number {
  return JSON.stringify(value).split('"cache_control"').length - 1
}

describe('a model request', () => {
  test('keeps its prefix byte for byte while the log grows', () => {
    for (let length = 1; length < conversation.length; length++) {
      const shorter = build(conversation.slice(0, length))
      const longer = build(conversation.slice(0, length + 1))
      expect(unmarked(longer.messages.slice(0, length))).toBe(unmarked(shorter.messages))
      expect(JSON.stringify([longer.system, longer.tools])).toBe(JSON.stringify([shorter.system, shorter.tools]))
    }
  })

  test('is the same when it is made again', () => {
    expect(JSON.stringify(build(conversation))).toBe(JSON.stringify(build(structuredClone(conversation))))
  })

  test('marks what a later request shares, in four places at most', () => {
    for (let length = 1; length <= conversation.length; length++) {
      expect(countMarks(build(conversation.slice(0, length)))).toBeLessThanOrEqual(4)
    }
    const { system, tools: offered, messages } = build(conversation)
    expect([countMarks(system.at(-1)), countMarks(offered.at(-1)), countMarks(messages.at(-1))]).toEqual([1, 1, 1])
    expect(messages.map(countMarks)).toEqual([0, 0, 0, 0, 0, 0, 1, 1])
  })

  test('leaves the messages it was given alone', () => {
    const before = JSON.stringify(conversation)
    build(conversation)
    expect(JSON.stringify(conversation)).toBe(before)
  })

  test('offers the tools that the agent has on', () => {
    const agent = agentWith([{ name: 'bash', enabled: false }])
    expect(build(conversation, agent).tools.map((tool) => tool.name)).toEqual(['read', 'write'])
    expect(build(conversation, agentWith([], { tools: [] })).tools).toEqual([])
  })

  test('offers custom tools behind the others, with nothing but what the model is to know', () => {
    const lookup = {
      type: 'custom' as const,
      name: 'lookup',
      description: 'looks',
      input_schema: { type: 'object' as const, required: ['key'] },
    }
    const [toolset] = agentWith([{ name: 'write', enabled: false }]).tools
    const agent = agentWith([], { tools: [lookup, ...(toolset ? [toolset] : [])] })
    const { type: _, ...told } = lookup
    const { tools: offered } = build(conversation, agent)
    expect(offered.map(({ name }) => name)).toEqual(['bash', 'read', 'lookup'])
    expect(offered.at(-1)).toEqual({ ...told, cache_control: { type: 'ephemeral' } })
    expect(build(conversation, agentWith([], { tools: [lookup] })).tools).toHaveLength(1)
  })

  test('tells the harness’s part before the agent’s own, and nothing blank', () => {
    const texts = (agent: SessionAgent) => build([ask('x')], agent).system.map((block) => block.text)
    expect(texts(agentWith())).toEqual([...currentHarness.systemParts, 'Be brief.'])
    expect(texts(agentWith([], { system: null }))).toEqual([...currentHarness.systemParts])
  })

  test.each([
    ['high', undefined],
    ['low', { effort: 'low' }],
  ] as const)('sends the effort %s as %j', (effort, config) => {
    const agent = agentWith([], { model: { id: 'claude-opus-5-5', effort: { type: effort } } })
    expect(build([ask('x')], agent).output_config).toEqual(config)
  })

  test.each([
    ['claude-opus-5-5', { type: 'adaptive' }],
    ['claude-haiku-4-5', undefined],
    ['some-other-model', undefined],
  ])('asks %s to think as %j', (id, thinking) => {
    expect(build([ask('x')], agentWith([], { model: { id } })).thinking).toEqual(thinking)
  })
})
