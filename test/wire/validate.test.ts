import { describe, expect, test } from 'vitest'
import { DEFINITIONS } from '../../src/wire/requests.ts'
import { WIRE_SCHEMA } from '../../src/wire/schema.ts'
import { createValidator } from '../../src/wire/validate.ts'
import { failure } from './failure.ts'
import { AGENT, list, MESSAGE, TEXT } from './requests.ts'

const validator = createValidator()

function refusal(parse: () => unknown): string {
  return failure(parse).message
}

const CLIENT_TYPES =
  '"user.message", "user.interrupt", "user.tool_confirmation", "user.custom_tool_result", "user.define_outcome", "user.tool_result", "system.message"'

describe('parseBody', () => {
  test.each([
    'agent.message',
    'session.status_idle',
    'session.deleted',
    'span.model_request_end',
    'event_start',
    'user.nothing',
    '',
  ])('refuses an event of type %j from a client, by name', (type) => {
    const message = refusal(() => validator.parseBody('events.send', { events: [MESSAGE, { ...MESSAGE, type }] }))
    expect(message).toBe(`events.1.type: expected one of ${CLIENT_TYPES}, got ${JSON.stringify(type)}`)
  })

  test('applies the rules between fields', () => {
    const events = [{ type: 'system.message', content: [TEXT] }, MESSAGE]
    expect(refusal(() => validator.parseBody('events.send', { events }))).toContain(
      'events.0: expected a system.message only as the last',
    )
  })

  test('takes the last of two equal keys, as JSON does', () => {
    const body: unknown = JSON.parse('{"name":"a","name":"b","model":"m"}')
    expect(validator.parseBody('agents.create', body)).toEqual({ name: 'b', model: 'm' })
    const hidden: unknown = JSON.parse('{"events":[{"type":"user.message","type":"agent.message","content":[]}]}')
    expect(refusal(() => validator.parseBody('events.send', hidden))).toContain('got "agent.message"')
  })

  test('survives 10,000 levels of nesting in a place that takes anything', () => {
    const deep: unknown = JSON.parse(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`)
    const body = {
      ...AGENT,
      tools: [{ type: 'custom', name: 't', description: 'd', input_schema: { type: 'object', deep } }],
    }
    expect(refusal(() => validator.parseBody('agents.create', body))).toBe('body: nested deeper than 100 levels')
  })

  test('keeps a refusal short, whatever came', () => {
    const blob = 'x'.repeat(1_000_000)
    const bodies: unknown[] = [
      { ...AGENT, [blob]: 1 },
      { ...AGENT, name: blob },
      { ...AGENT, metadata: { [blob]: blob } },
      { ...AGENT, tools: list(200, { type: blob }) },
      { ...AGENT, tools: list(200, { type: 'custom', name: blob, description: 'd', input_schema: { type: blob } }) },
      { ...AGENT, tools: Array.from({ length: 10_000 }, () => ({ [blob.slice(0, 100)]: blob })) },
    ]
    for (const body of bodies)
      expect(refusal(() => validator.parseBody('agents.create', body)).length).toBeLessThan(600)
  })

  test('names only the first problem of a large body', () => {
    const message = refusal(() => validator.parseBody('events.send', { events: list(6_000, {}) }))
    expect(message).toBe('events: expected at most 256 items, got 6000')
  })
})

describe('the routes', () => {
  test('each have their definition in the schema', () => {
    expect(Object.values(DEFINITIONS).toSorted()).toEqual(
      Object.keys(WIRE_SCHEMA.definitions).filter((name) => Object.values<string>(DEFINITIONS).includes(name)),
    )
    expect(Object.keys(DEFINITIONS)).toHaveLength(26)
  })
})
