import { describe, expect, test } from 'vitest'
import { promptOf } from '../../src/activities/prompt.ts'
import { buildRequest } from '../../src/activities/request.ts'
import { currentHarness, findHarness, webVersions } from '../../src/model/harness.ts'
import type { ModelMessage, ModelTool, Networking, SessionAgent } from '../../src/wire/types.ts'
import type { WebAccess } from '../../src/wire/web-tools.ts'
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

function build(
  messages: readonly ModelMessage[],
  agent: SessionAgent = agentWith(),
  web: WebAccess = { versions: null },
) {
  return buildRequest({ agent, harness: currentHarness, tools, web, messages })
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
    expect(build([ask('one')], agentWith([], { tools: [] }))).not.toHaveProperty('tool_choice')
    expect(build([ask('one')], agentWith([], { tools: [] })).tools).toEqual([])
  })

  test('says of tools that the agent has lost, all of them, that none is to be called', () => {
    const { tools: declared, tool_choice: choice } = build(conversation, agentWith([], { tools: [] }))
    expect([declared.map(({ name }) => name), choice]).toEqual([['bash'], { type: 'none' }])
    expect(build(conversation)).not.toHaveProperty('tool_choice')
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

  test('offers the web tools between the others, as the network lets them be, and none where there are none', () => {
    const versions = webVersions(currentHarness, 'claude-opus-5-5')
    const networking: Networking = {
      type: 'limited',
      allowed_hosts: ['a.com'],
      allow_mcp_servers: false,
      allow_package_managers: false,
    }
    const lookup = {
      type: 'custom' as const,
      name: 'lookup',
      description: 'd',
      input_schema: { type: 'object' as const },
    }
    const agent = agentWith([], { tools: [...agentWith().tools, lookup] })
    const { tools: offered } = build(conversation, agent, { versions, networking })
    expect(offered.map(({ name }) => name)).toEqual(['bash', 'read', 'write', 'web_fetch', 'web_search', 'lookup'])
    expect(offered.slice(3, 5)).toMatchObject([{ allowed_domains: ['a.com'] }, { allowed_domains: ['a.com'] }])
    expect(build(conversation, agent).tools).toHaveLength(4)
  })

  test('has the prompt as blocks, the last of them marked', () => {
    const { system } = build([ask('x')])
    expect(system.map(({ text }) => text)).toEqual(promptOf(agentWith(), currentHarness, {}))
    expect(system.map(countMarks)).toEqual([0, 1])
  })

  test('leaves system messages unmarked, and marks the user’s before them', () => {
    const said: ModelMessage = { role: 'system', content: [{ type: 'text', text: 'mind' }] }
    expect(build([...conversation, said]).messages.map(countMarks)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 0])
  })

  test.each([
    ['claude-opus-5-5', 'low', { effort: 'low' }],
    ['claude-opus-5-5', 'medium', { effort: 'medium' }],
    ['claude-opus-5-5', 'high', { effort: 'high' }],
    ['claude-opus-5-5', 'xhigh', { effort: 'xhigh' }],
    ['claude-opus-5-5', 'max', { effort: 'max' }],
    ['claude-haiku-4-5', 'high', undefined],
    ['house-model', 'high', undefined],
    ['house-model', 'low', { effort: 'low' }],
  ] as const)('asks %s for the effort %s by %j', (id, effort, config) => {
    const agent = agentWith([], { model: { id, effort: { type: effort } } })
    expect(build([ask('x')], agent).output_config).toEqual(config)
  })

  test.each([
    ['high', undefined],
    ['low', { effort: 'low' }],
  ] as const)('sends the effort %s as %j under older harnesses, whatever the model', (effort, config) => {
    const harness = findHarness('longhand-2') ?? currentHarness
    const agent = agentWith([], { model: { id: 'claude-haiku-4-5', effort: { type: effort } } })
    const request = buildRequest({ agent, harness, tools, web: { versions: null }, messages: [ask('x')] })
    expect(request.output_config).toEqual(config)
  })

  test('asks for the speed and the region of the agent, where it has some', () => {
    const model = { id: 'claude-opus-5-5', speed: 'fast', inference_geo: 'us' } as const
    expect(build([ask('x')], agentWith([], { model }))).toMatchObject({ speed: 'fast', inference_geo: 'us' })
    const usual = build([ask('x')], agentWith([], { model: { id: model.id, speed: 'standard' } }))
    expect('speed' in usual || 'inference_geo' in usual).toBe(false)
  })

  test.each([
    ['claude-opus-5-5', { type: 'adaptive' }],
    ['claude-haiku-4-5', undefined],
    ['some-other-model', undefined],
  ])('asks %s to think as %j', (id, thinking) => {
    expect(build([ask('x')], agentWith([], { model: { id } })).thinking).toEqual(thinking)
  })
})
