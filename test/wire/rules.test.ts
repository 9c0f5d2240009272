import { describe, expect, test } from 'vitest'
import { RULES } from '../../src/wire/rules.ts'
import type { EventsSend, SessionCreate, UserEvent } from '../../src/wire/types.ts'

const MESSAGE: UserEvent = { type: 'user.message', content: [{ type: 'text', text: 'hi' }] }
const SYSTEM: UserEvent = { type: 'system.message', content: [{ type: 'text', text: 'privately' }] }
const OUTCOME = {
  type: 'user.define_outcome' as const,
  description: 'd',
  rubric: { type: 'text' as const, content: 'r' },
}

function send(...events: EventsSend['events']): readonly string[] | undefined {
  return RULES['events.send']?.({ events })
}

function create(events: NonNullable<SessionCreate['initial_events']>): readonly string[] | undefined {
  return RULES['sessions.create']?.({ agent: 'a', environment_id: 'e', initial_events: events })
}

describe('rules for events', () => {
  test.each<[string, EventsSend['events']]>([
    ['a message', [MESSAGE]],
    ['a system message behind a message', [MESSAGE, SYSTEM]],
    ['a system message alone', [SYSTEM]],
    ['a denial with words', [{ type: 'user.tool_confirmation', tool_use_id: 't', result: 'deny', deny_message: 'no' }]],
    [
      'a permission with null for words',
      [{ type: 'user.tool_confirmation', tool_use_id: 't', result: 'allow', deny_message: null }],
    ],
    ['a result of empty text', [{ type: 'user.tool_result', tool_use_id: 't', content: [{ type: 'text', text: '' }] }]],
  ])('take %s', (_, events) => {
    expect(send(...events)).toEqual([])
  })

  test.each<[string, EventsSend['events'], string]>([
    [
      'a system message before a message',
      [SYSTEM, MESSAGE],
      'events.0: expected a system.message only as the last event of a request',
    ],
    [
      'two system messages',
      [MESSAGE, SYSTEM, SYSTEM],
      'events.1: expected a system.message only as the last event of a request',
    ],
    [
      'a permission with words',
      [{ type: 'user.tool_confirmation', tool_use_id: 't', result: 'allow', deny_message: '' }],
      'events.0.deny_message: expected only with the result "deny"',
    ],
    [
      'a redacted block',
      [MESSAGE, { type: 'user.message', content: [{ type: 'redacted' }] }],
      'events.1.content.0.type: "redacted" is for answers of the server only',
    ],
    [
      'an empty text',
      [{ type: 'user.message', content: [{ type: 'text', text: '' }] }],
      'events.0.content.0.text: expected text, got only white space',
    ],
    [
      'a blank system message',
      [{ type: 'system.message', content: [{ type: 'text', text: ' \n\t' }] }],
      'events.0.content.0.text: expected text, got only white space',
    ],
  ])('refuse %s', (_, events, problem) => {
    expect(send(...events)).toEqual([problem])
  })
})

describe('rules for a new session', () => {
  const file = { type: 'document' as const, source: { type: 'file' as const, file_id: 'file_1' } }
  const files = (count: number) => ({
    type: 'user.message' as const,
    content: Array.from({ length: count }, () => file),
  })

  test('take one outcome and a hundred documents from files', () => {
    expect(create([OUTCOME, files(60), files(40)])).toEqual([])
    expect(RULES['sessions.create']?.({ agent: 'a', environment_id: 'e' })).toEqual([])
  })

  test('refuse a second outcome, one document more, and what no message may hold', () => {
    const redacted = { type: 'user.message' as const, content: [{ type: 'redacted' as const }] }
    expect(create([OUTCOME, OUTCOME, files(60), files(41), redacted])).toEqual([
      'initial_events: expected at most one user.define_outcome, got 2',
      'initial_events: expected at most 100 documents from files, got 101',
      'initial_events.4.content.0.type: "redacted" is for answers of the server only',
    ])
  })
})

describe('rules for other requests', () => {
  test('refuse to change vaults, even to none', () => {
    expect(RULES['sessions.update']?.({ vault_ids: [] })).toEqual([
      'vault_ids: cannot be changed after the session was created',
    ])
    expect(RULES['sessions.update']?.({ title: 't' })).toEqual([])
  })

  test('tie agent_version to agent_id', () => {
    expect(RULES['sessions.list']?.({ agent_version: 1 })).toHaveLength(1)
    expect(RULES['sessions.list']?.({ agent_version: 1, agent_id: 'a' })).toEqual([])
    expect(RULES['sessions.list']?.({ agent_id: 'a' })).toEqual([])
  })

  test('page models in one direction at a time', () => {
    expect(RULES['models.list']?.({ after_id: 'a', before_id: 'b' })).toHaveLength(1)
    expect(RULES['models.list']?.({ before_id: 'b' })).toEqual([])
  })
})
