import { describe, expect, test } from 'vitest'
import { RULES } from '../../src/wire/rules.ts'
import type { EventsSend, SessionCreate, UserEvent } from '../../src/wire/types.ts'
import { PDF, base64, png } from '../support/media.ts'

const MESSAGE: UserEvent = { type: 'user.message', content: [{ type: 'text', text: 'hi' }] }
const SYSTEM: UserEvent = { type: 'system.message', content: [{ type: 'text', text: 'privately' }] }
const OUTCOME = {
  type: 'user.define_outcome' as const,
  description: 'd',
  rubric: { type: 'text' as const, content: 'r' },
}

type Block = Extract<UserEvent, { type: 'user.message' }>['content'][number]
type Source = Extract<Block, { type: 'document' }>['source']

const IMAGE = (data: string, type: string) => ({
  type: 'image' as const,
  source: { type: 'base64' as const, media_type: type, data },
})
const DOCUMENT = (source: Source) => ({ type: 'document' as const, source })
const URL_IMAGE = { type: 'image' as const, source: { type: 'url' as const, url: 'https://a.com/x' } }

function message(...content: Block[]): Extract<UserEvent, { type: 'user.message' }> {
  return { type: 'user.message', content }
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
    [
      'images and documents',
      [
        message(
          IMAGE(base64(png()), 'image/png'),
          URL_IMAGE,
          DOCUMENT({ type: 'base64', media_type: 'application/pdf', data: base64(PDF) }),
          DOCUMENT({ type: 'text', media_type: 'text/plain', data: 'words' }),
          DOCUMENT(URL_IMAGE.source),
          DOCUMENT({ type: 'file', file_id: 'file_1' }),
        ),
      ],
    ],
    ['a result without content', [{ type: 'user.custom_tool_result', custom_tool_use_id: 't' }]],
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
      'a denial that is short in characters and long in units',
      [{ type: 'user.tool_confirmation', tool_use_id: 't', result: 'deny', deny_message: '😀'.repeat(4_001) }],
      'events.0.deny_message: expected at most 8000 UTF-16 units',
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
      'an image that is a page',
      [message(IMAGE(base64(png()), 'image/png'), IMAGE('PGh0bWw+', 'image/png'))],
      'events.0.content.1.source.data: expected an image of the type image/png, got other bytes',
    ],
    [
      'an image of another type than it says, in a result',
      [{ type: 'user.custom_tool_result', custom_tool_use_id: 't', content: [IMAGE(base64(png()), 'image/gif')] }],
      'events.0.content.0.source.data: expected an image of the type image/gif, got other bytes',
    ],
    [
      'a PDF that is an image',
      [message(DOCUMENT({ type: 'base64', media_type: 'application/pdf', data: base64(png()) }))],
      'events.0.content.0.source.data: expected a PDF, got other bytes',
    ],
    [
      'a document of nothing',
      [message(DOCUMENT({ type: 'text', media_type: 'text/plain', data: ' \n' }))],
      'events.0.content.0.source.data: expected text, got only white space',
    ],
    [
      'more images and documents than a request to the model takes',
      [
        message(...Array.from({ length: 60 }, () => URL_IMAGE)),
        message(...Array.from({ length: 41 }, () => DOCUMENT(URL_IMAGE.source))),
      ],
      'events: expected at most 100 images and documents, got 101',
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
      'initial_events: expected at most 100 images and documents, got 101',
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
