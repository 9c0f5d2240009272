import { describe, expect, test } from 'vitest'
import { toEntries } from '../../src/activities/answer.ts'
import type { Announced } from '../../src/activities/preview.ts'
import type { ModelResponse } from '../../src/model/model.ts'
import { agentWith } from './agent.ts'

const usage = { input_tokens: 3, output_tokens: 2, cache_read_input_tokens: 1, cache_creation_input_tokens: 0 }
const text = (value: string) => ({ type: 'text', text: value, citations: null }) as const
const call = (id: string, name: string, input: unknown = {}) => ({ type: 'tool_use', id, name, input }) as const
const thinking = { type: 'thinking', thinking: 'hm', signature: 's' } as const

function entriesOf(
  response: Partial<ModelResponse>,
  offered: readonly string[] = ['bash', 'read'],
  announced: readonly Announced[] = [],
) {
  let minted = 0
  return toEntries({
    agent: agentWith([{ name: 'read', policy: 'always_ask' }]),
    harness: 'h1',
    request: 'r1',
    response: { content: [], stopReason: 'end_turn', stopDetails: null, usage, ...response },
    offered,
    announced,
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
    const entries = entriesOf({ content: content as never }, ['bash'], announced)
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
