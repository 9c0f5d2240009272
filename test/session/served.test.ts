import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/session/entry.ts'
import type { ServedResult } from '../../src/session/served.ts'
import { findServed, isServedResult, settleServed, unavailable } from '../../src/session/served.ts'
import type { LogEntry } from '../../src/session/transcript.ts'
import { transcript } from '../../src/session/transcript.ts'
import type { ModelContentBlock, ModelMessage } from '../../src/wire/types.ts'
import { arrived, message, outline, recorded, requestEnd, startSession } from '../support/session-builders.ts'

const caller = { type: 'direct' } as const

function search(id: string, name: 'web_search' | 'web_fetch' | 'code_execution' = 'web_search'): ModelContentBlock {
  return { type: 'server_tool_use', id, name, input: {}, caller }
}
function found(id: string): ServedResult {
  return { type: 'web_search_tool_result', tool_use_id: id, content: [], caller }
}
function says(...content: readonly ModelContentBlock[]): ModelMessage {
  return { role: 'assistant', content: [...content] }
}
function gone(id: string, tool = 'web_search'): object {
  return {
    type: `${tool}_tool_result`,
    tool_use_id: id,
    content: { type: `${tool}_tool_result_error`, error_code: 'unavailable' },
    caller,
  }
}
const call: ModelContentBlock = { type: 'tool_use', id: 't1', name: 'bash', input: {}, caller }
const result: ModelMessage = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: [] }] }
const user: ModelMessage = { role: 'user', content: [{ type: 'text', text: 'and?' }] }
const word: ModelMessage = { role: 'user', content: 'and?' }
const system: ModelMessage = { role: 'system', content: [{ type: 'text', text: 'be quick' }] }

describe('a conversation', () => {
  test.each<[string, readonly ModelMessage[]]>([
    ['without such calls', [user, says(call), result]],
    ['whose calls have results', [user, says(search('s1'), found('s1')), user]],
    ['whose call had its result in the next answer', [user, says(search('s1')), says(found('s1')), user]],
    ['that stops behind a call', [user, says(search('s1'))]],
    ['that stops behind a call and a client’s own', [user, says(search('s1'), call), result]],
    ['with a call of a tool that was never offered', [user, says(search('s1', 'code_execution')), user]],
  ])('is left alone: one %s', (_, messages) => {
    expect(settleServed(messages)).toEqual(messages)
  })

  test.each<[string, readonly ModelMessage[], readonly ModelMessage[]]>([
    ['the user', [user], []],
    ['a word as a text', [word], []],
    ['the operator', [system], []],
    ['an answer that has nothing of it', [says({ type: 'text', text: 'well', citations: null })], []],
    ['the user, behind the client’s results', [result, user], [result]],
  ])('goes on behind a call that %s cut off: it gets a result', (_, behind) => {
    const [before, ...rest] = settleServed([user, says(search('s1'), call), ...behind]).slice(1)
    expect(before).toEqual(says(search('s1'), call))
    expect(rest).toEqual([{ role: 'assistant', content: [gone('s1')] }, ...behind])
  })

  test('only grows by it', () => {
    const paused = [user, says(search('s1'), search('s2', 'web_fetch'))]
    const longer = settleServed([...paused, user])
    expect(longer.slice(0, 2)).toEqual(settleServed(paused))
    expect(longer[2]).toEqual({ role: 'assistant', content: [gone('s1'), gone('s2', 'web_fetch')] })
  })
})

describe('a call', () => {
  test('is found in whichever answer it stands', () => {
    const messages = [user, word, says(call, search('s1')), says(found('s1'), search('s2'))]
    expect(findServed(messages, 's1')).toEqual(search('s1'))
    expect(findServed(messages, 's2')).toEqual(search('s2'))
    expect(findServed(messages, 't1')).toBeUndefined()
  })
})

describe('a result', () => {
  test('is one of the model’s API', () => {
    expect([found('s1'), unavailable('web_fetch_tool_result', 's1'), call].map(isServedResult)).toEqual([
      true,
      true,
      false,
    ])
  })
})

describe('a session', () => {
  const paused: readonly Entry[] = [
    { type: 'log.assistant', harness: 'h1', content: [search('s1')], stop_reason: 'pause_turn', calls: [] },
    requestEnd({ request: 'r1' }),
  ]
  const told: readonly Entry[] = [
    { type: 'log.assistant', harness: 'h1', content: [search('s1'), found('s1')], stop_reason: 'end_turn', calls: [] },
    { type: 'agent.tool_use', id: 'e1', name: 'web_search', input: {}, evaluated_permission: 'allow' },
    { type: 'agent.tool_result', id: 'e2', tool_use_id: 'e1', content: [], is_error: false },
    requestEnd({ request: 'r1' }),
  ]

  test('waits for no call that the model’s API has carried out', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    const decided = session.pass(recorded(...told))
    expect(outline(decided).at(-1)).toContain('end_turn')
    expect(session.state).toMatchObject({ calls: [], abandoned: [], status: 'idle' })
  })

  test('has a paused answer gone on with, and nothing in between', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    session.pass(arrived(message('m2')))
    expect(outline(session.pass(recorded(...paused)))).toEqual(['span.model_request_start'])
    expect(session.state.queue).toHaveLength(1)
  })

  test('tells the model that a call came to nothing, once its turn is over', () => {
    const log = [message('m1'), ...paused, message('m2')] as readonly LogEntry[]
    expect(transcript(log.slice(0, -1)).at(-1)).toEqual(says(search('s1')))
    expect(transcript(log).slice(-2)).toEqual([
      { role: 'assistant', content: [gone('s1')] },
      { role: 'user', content: [{ type: 'text', text: 'text of m2' }] },
    ])
  })

  test('summarises such calls away with the rest', () => {
    const summary: Entry = { type: 'log.summary', harness: 'h1', introduction: 'so far', text: 'all' }
    const log = [message('m1'), ...paused, summary, message('m2')] as readonly LogEntry[]
    expect(transcript(log).map(({ role }) => role)).toEqual(['user', 'user'])
  })
})
