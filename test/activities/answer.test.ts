import { describe, expect, test } from 'vitest'
import { toEntries } from '../../src/activities/answer.ts'
import type { Judged } from '../../src/activities/judge.ts'
import type { Announced } from '../../src/activities/preview.ts'
import type { ModelResponse } from '../../src/model/model.ts'
import { agentWith } from './agent.ts'

const usage = { input_tokens: 3, output_tokens: 2, cache_read_input_tokens: 1, cache_creation_input_tokens: 0 }
const text = (value: string) => ({ type: 'text', text: value, citations: null }) as const
const call = (id: string, name: string, input: unknown = {}) => ({ type: 'tool_use', id, name, input }) as const
const thinking = { type: 'thinking', thinking: 'hm', signature: 's' } as const

const lookup = { type: 'custom', name: 'lookup', description: 'd', input_schema: { type: 'object' } } as const
const asking = agentWith([
  { name: 'read', policy: 'always_ask' },
  { name: 'write', policy: 'auto' },
])
const agent = { ...asking, tools: [...asking.tools, lookup] }

const JUDGED: Judged = { judgements: new Map([['judged', { type: 'deny', reason_code: 'high_risk' }]]), usage }

function entriesOf(
  response: Partial<ModelResponse>,
  offered: readonly string[] = ['bash', 'read', 'write', 'lookup'],
  { announced = [], judged }: { announced?: readonly Announced[]; judged?: Judged } = {},
) {
  let minted = 0
  return toEntries({
    agent,
    harness: 'h1',
    request: 'r1',
    response: { content: [], stopReason: 'end_turn', stopDetails: null, usage, ...response },
    offered,
    announced,
    ...(judged ? { judged } : {}),
    mint: () => `e${++minted}`,
  })
}

describe('a model’s answer', () => {
  test('is the raw blocks, what clients see of them in their order, and the end of the request', () => {
    const content = [thinking, text('a'), text('b'), call('t1', 'bash', { command: 'ls' }), text('c')]
    expect(entriesOf({ content: content as never, stopReason: 'tool_use' })).toEqual([
      { type: 'log.assistant', harness: 'h1', content, stop_reason: 'tool_use', calls: [{ id: 'e3', model_id: 't1' }] },
      { type: 'agent.thinking', id: 'e1' },
      {
        type: 'agent.message',
        id: 'e2',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      {
        type: 'agent.tool_use',
        id: 'e3',
        name: 'bash',
        input: { command: 'ls' },
        evaluated_permission: 'allow',
        evaluation: { type: 'always_allow' },
      },
      { type: 'agent.message', id: 'e4', content: [{ type: 'text', text: 'c' }] },
      { type: 'span.model_request_end', id: 'e5', model_request_start_id: 'r1', is_error: false, model_usage: usage },
    ])
  })

  test('gives what was announced the ids that clients know, and everything else fresh ones', () => {
    const content = [text('a'), call('t1', 'bash'), thinking, text('b')]
    const announced = [
      { of: 'agent.message', id: 'p1' },
      { of: 'agent.thinking', id: 'p2' },
    ] as const
    const entries = entriesOf({ content: content as never }, ['bash'], { announced })
    expect(entries.map((entry) => ('id' in entry ? entry.id : entry.type))).toEqual([
      'log.assistant',
      'p1',
      'e1',
      'p2',
      'e2',
      'e3',
    ])
  })

  test.each([
    ['bash', { evaluated_permission: 'allow', evaluation: { type: 'always_allow' } }],
    ['read', { evaluated_permission: 'ask', evaluation: { type: 'always_ask' } }],
  ])('evaluates what policy says of %s', (name, permission) => {
    expect(entriesOf({ content: [call('t1', name)] as never })[1]).toMatchObject(permission)
  })

  test.each([
    ['judged', 'deny', { type: 'deny', reason_code: 'high_risk' }],
    ['another', 'ask', { type: 'ask', reason_code: 'indeterminate' }],
  ])('says what the judge said of the call %s', (id, permission, judgement) => {
    expect(entriesOf({ content: [call(id, 'write')] as never }, undefined, { judged: JUDGED })[1]).toMatchObject({
      evaluated_permission: permission,
      evaluation: { type: 'auto', evaluated_permission: judgement },
    })
  })

  test('counts the judge in where the request ends, and says what it took itself', () => {
    const content = [call('judged', 'write')] as never
    const judgedEntries = entriesOf({ content }, undefined, { judged: JUDGED })
    const twice = { input_tokens: 6, output_tokens: 4, cache_read_input_tokens: 2, cache_creation_input_tokens: 0 }
    expect(judgedEntries.at(0)).toMatchObject({ usage })
    expect(judgedEntries.at(-1)).toMatchObject({ model_usage: twice })
    expect(entriesOf({ content })[0]).not.toHaveProperty('usage')
  })

  test('tells a custom call as what the client is to settle, whatever policies there are', () => {
    const [answer, use] = entriesOf({ content: [call('t1', 'lookup', { key: 'a' })] as never })
    expect(answer).toMatchObject({ calls: [{ id: 'e1', model_id: 't1' }] })
    expect(use).toEqual({ type: 'agent.custom_tool_use', id: 'e1', name: 'lookup', input: { key: 'a' } })
  })

  test('denies a tool that was not offered before any policy is asked', () => {
    const [, use] = entriesOf({ content: [call('t1', 'web_search')] as never })
    expect(use).toMatchObject({ evaluated_permission: 'deny' })
    expect(use).not.toHaveProperty('evaluation')
  })

  test('keeps an input that is no object where clients expect one', () => {
    const [, use] = entriesOf({ content: [call('t1', 'bash', 'ls')] as never })
    expect(use).toMatchObject({ input: { input: 'ls' } })
  })

  test('carries why the model refused', () => {
    const stopDetails = { category: null, explanation: 'not that' }
    expect(entriesOf({ stopReason: 'refusal', stopDetails })[0]).toMatchObject({
      stop_reason: 'refusal',
      explanation: 'not that',
      calls: [],
    })
  })
})
