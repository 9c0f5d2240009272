import { describe, expect, test } from 'vitest'
import type { SessionEvent } from '../../src/wire/types.ts'
import { faultsOfConversation } from './conversation.ts'
import { faultsOfLog } from './log-grammar.ts'

let made = 0

/** An event under a fresh id, at the one time there is here. */
function event(type: string, more: object = {}): SessionEvent {
  made += 1
  return { type, id: `e${made}`, processed_at: '2026-01-02T12:00:00.000Z', ...more } as SessionEvent
}

const queued = (id: string, type = 'user.message'): SessionEvent => event(type, { id, processed_at: null })
const processed = (id: string, type = 'user.message'): SessionEvent => event(type, { id })
const run = (): SessionEvent[] => [event('session.status_running'), event('session.thread_status_running')]
const ask = (id: string): SessionEvent => event('span.model_request_start', { id })
const answered = (id: string): SessionEvent => event('span.model_request_end', { model_request_start_id: id })
const use = (id: string, permission = 'allow'): SessionEvent =>
  event('agent.tool_use', { id, evaluated_permission: permission })
const compacted = (): SessionEvent => event('agent.thread_context_compacted')
const custom = (id: string): SessionEvent => event('agent.custom_tool_use', { id })
const result = (call: string): SessionEvent => event('agent.tool_result', { tool_use_id: call })
const confirmed = (call: string): SessionEvent => event('user.tool_confirmation', { tool_use_id: call })
const settled = (call: string): SessionEvent => event('user.custom_tool_result', { custom_tool_use_id: call })
const failed = (retry: string, type = 'unknown_error'): SessionEvent =>
  event('session.error', { error: { type, retry_status: { type: retry } } })
const rescheduled = (): SessionEvent[] => [
  event('session.thread_status_rescheduled'),
  event('session.status_rescheduled'),
]
const terminated = (): SessionEvent[] => [event('session.thread_status_terminated'), event('session.status_terminated')]

function idle(type = 'end_turn', ...ids: readonly string[]): SessionEvent[] {
  const stop = { stop_reason: { type, ...(type === 'requires_action' ? { event_ids: ids } : {}) } }
  return [event('session.thread_status_idle', stop), event('session.usage'), event('session.status_idle', stop)]
}

/** A turn up to and with the model's answer. */
const begun = (...asked: readonly SessionEvent[]): SessionEvent[] => [...run(), ask('r'), ...asked, answered('r')]
const waiting = (): SessionEvent[] => [...begun(use('a', 'ask'), custom('x')), ...idle('requires_action', 'a', 'x')]

describe('the grammar of a log', () => {
  test.each<{ name: string; log: readonly SessionEvent[] }>([
    { name: 'nothing', log: [] },
    {
      name: 'a turn',
      log: [queued('m'), ...run(), processed('m'), ask('r'), event('agent.message'), answered('r'), ...idle()],
    },
    {
      name: 'a turn with tools',
      log: [...begun(use('c'), use('d')), result('d'), result('c'), ask('r2'), answered('r2'), ...idle()],
    },
    {
      name: 'a retry',
      log: [...run(), ask('r'), answered('r'), failed('retrying'), ...rescheduled(), ...run(), ask('r2')],
    },
    {
      name: 'a session that goes on without its repository',
      log: [failed('retrying', 'repository_clone_error'), ...begun(use('c')), result('c')],
    },
    {
      name: 'partial answers',
      log: [...waiting(), confirmed('a'), ...idle('requires_action', 'x'), settled('x'), ...run(), result('a')],
    },
    { name: 'a summary', log: [...run(), ask('r'), compacted(), answered('r'), ...idle()] },
    { name: 'an interrupt while it waits', log: [...waiting(), result('a'), result('x'), ...idle()] },
    { name: 'a result that met an interrupt', log: [...waiting(), settled('x'), result('a'), result('x'), ...idle()] },
    {
      name: 'an early answer',
      log: [settled('x'), confirmed('a'), ...begun(use('a', 'ask'), custom('x')), result('a'), ...idle()],
    },
    { name: 'an archive', log: [...terminated(), queued('m'), processed('m')] },
    { name: 'an end by deletion', log: [...run(), event('session.deleted')] },
    {
      name: 'kinds it does not know',
      log: [event('workflow_run.created'), event('session.updated'), failed('exhausted')],
    },
  ])('takes $name', ({ log }) => {
    expect(faultsOfLog(log, 'stream')).toEqual([])
  })

  test.each<{ name: string; log: readonly SessionEvent[]; fault: RegExp }>([
    {
      name: 'a pair torn apart',
      log: [event('session.status_running'), queued('m')],
      fault: /expected session.thread_status_running/,
    },
    { name: 'half a pair at the end', log: [event('session.status_running')], fault: /at the end: expected/ },
    {
      name: 'the second half alone',
      log: [event('session.thread_status_running')],
      fault: /without session.status_running/,
    },
    { name: 'usage alone', log: [event('session.usage')], fault: /without session.thread_status_idle/ },
    {
      name: 'idle without its group',
      log: [...begun(), idle()[2] ?? event('')],
      fault: /without session.thread_status_idle and/,
    },
    {
      name: 'thread and session of two minds',
      log: [...begun(), ...idle().slice(0, 2), idle('refusal')[2] ?? event('')],
      fault: /the thread said/,
    },
    { name: 'running twice', log: [...run(), ...run()], fault: /runs already/ },
    { name: 'idle twice', log: [...begun(), ...idle(), ...idle()], fault: /idle already/ },
    { name: 'idle with an open request', log: [...run(), ask('r'), ...idle()], fault: /request r is still open/ },
    { name: 'idle with an open call', log: [...begun(use('c')), ...idle()], fault: /calls c have no result/ },
    {
      name: 'a wait for the wrong calls',
      log: [...begun(use('a', 'ask')), ...idle('requires_action', 'b')],
      fault: /names b, a wait/,
    },
    { name: 'running while calls wait', log: [...waiting(), confirmed('a'), ...run()], fault: /calls still wait/ },
    {
      name: 'closing results without idle',
      log: [...waiting(), result('a'), result('x'), ...run()],
      fault: /not been followed by idle/,
    },
    { name: 'results while idle', log: [...begun(use('c')), result('c'), ...idle(), result('c')], fault: /while idle/ },
    { name: 'a result of no call', log: [...run(), result('c')], fault: /no call c/ },
    { name: 'two results', log: [...begun(use('c')), result('c'), result('c')], fault: /has a result already/ },
    { name: 'a request while idle', log: [ask('r')], fault: /while idle/ },
    { name: 'two requests at once', log: [...run(), ask('r'), ask('r2')], fault: /request r is still open/ },
    { name: 'a request with open calls', log: [...begun(use('c')), ask('r2')], fault: /calls c have no result/ },
    { name: 'the end of another request', log: [...run(), ask('r'), answered('r2')], fault: /ends r2, open is r/ },
    { name: 'an answer outside a request', log: [...run(), event('agent.message')], fault: /outside a model request/ },
    {
      name: 'a retry without rescheduling',
      log: [...run(), failed('retrying'), ask('r')],
      fault: /expected the rescheduled pair/,
    },
    { name: 'rescheduling while idle', log: rescheduled(), fault: /while idle/ },
    {
      name: 'half a rescheduling',
      log: [event('session.status_rescheduled')],
      fault: /without session.thread_status_rescheduled/,
    },
    { name: 'more after the end', log: [...terminated(), failed('exhausted')], fault: /after the end/ },
    {
      name: 'anything after deletion',
      log: [event('session.deleted'), queued('m'), processed('m')],
      fault: /after session.deleted/,
    },
    {
      name: 'an id twice',
      log: [event('session.updated', { id: 'e' }), event('session.updated', { id: 'e' })],
      fault: /its id was there before/,
    },
    { name: 'an echo twice', log: [queued('m'), queued('m')], fault: /queued twice/ },
    {
      name: 'an echo after processing',
      log: [queued('m'), processed('m'), queued('m')],
      fault: /after it was processed/,
    },
    { name: 'a summary outside a request', log: [...run(), compacted()], fault: /outside a model request/ },
    { name: 'processing twice', log: [queued('m'), processed('m'), processed('m')], fault: /its id was there before/ },
    { name: 'processing without an echo', log: [processed('m')], fault: /without having been shown as queued/ },
    { name: 'no time on what never waits', log: [queued('y', 'user.tool_confirmation')], fault: /has no time/ },
    {
      name: 'time going back',
      log: [failed('exhausted'), event('session.updated', { processed_at: '1970-01-01T00:00:00.000Z' })],
      fault: /before/,
    },
  ])('refuses $name', ({ log, fault }) => {
    expect(faultsOfLog(log, 'stream').join('\n')).toMatch(fault)
  })

  test('of a list shows each event once, the queue last', () => {
    const turn = [...run(), processed('m'), ask('r')]
    expect(faultsOfLog([...turn, queued('m2')], 'list')).toEqual([])
    expect(faultsOfLog([queued('m2'), ...turn], 'list').join('\n')).toMatch(/a finished event behind the queue/)
  })
})

describe('a conversation', () => {
  const said = { role: 'user' as const, content: 'hello' }
  const call = { type: 'tool_use' as const, id: 't1', name: 'bash', input: {} }
  const asked = { role: 'assistant' as const, content: [call] }
  const told = { role: 'user' as const, content: [{ type: 'tool_result' as const, tool_use_id: 't1' }] }
  const text = (words: string) => ({ role: 'user' as const, content: [{ type: 'text' as const, text: words }] })

  test.each([
    { name: 'one that begins with the assistant', messages: [asked, told], fault: /first message/ },
    { name: 'an unanswered call', messages: [said, asked, text('go on')], fault: /asks t1, answered are $/ },
    { name: 'an answer to nothing', messages: [told], fault: /answer nothing/ },
    { name: 'words before results', messages: [said, asked, text('wait'), told], fault: /behind other content/ },
    { name: 'an empty message', messages: [{ role: 'user' as const, content: [] }], fault: /is empty/ },
    { name: 'an empty message among others', messages: [said, { ...said, content: [] }], fault: /\[1\] is empty/ },
    { name: 'a blank text', messages: [text(' ')], fault: /blank text/ },
    { name: 'one that the assistant ended', messages: [said, { ...asked, content: 'done' }], fault: /last message/ },
    { name: 'two calls of one id', messages: [said, asked, told, asked, told], fault: /one id/ },
    { name: 'a call by the user', messages: [said, { ...asked, role: 'user' as const }], fault: /user has tool_use/ },
    {
      name: 'a result by the assistant',
      messages: [said, { ...told, role: 'assistant' as const }],
      fault: /has tool_r/,
    },
  ])('is not $name', ({ messages, fault }) => {
    expect(faultsOfConversation(messages).join('\n')).toMatch(fault)
  })

  test('is one with its results directly behind their calls', () => {
    expect(faultsOfConversation([said, asked, told, text('and more')])).toEqual([])
  })
})
