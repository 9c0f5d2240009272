import type { Case, Places } from './bad-case.ts'
import { post, text, times } from './bad-case.ts'

/** Events to the session that waits for its client. */
function answer(name: string, make: (places: Places) => readonly object[]): Case {
  const path = ({ waiting }: Places): string => `/v1/sessions/${waiting}/events`
  return { ...post(name, path, undefined), bodyOf: (places) => ({ events: make(places) }) }
}

const allow = (call: string, change: object = {}): object => ({
  type: 'user.tool_confirmation',
  tool_use_id: call,
  result: 'allow',
  ...change,
})
const done = (call: string, change: object = {}): object => ({
  type: 'user.custom_tool_result',
  custom_tool_use_id: call,
  ...change,
})
const SYSTEM = { type: 'system.message', content: [{ type: 'text', text: 's' }] }
const image = (data: string): object => ({ type: 'image', source: { type: 'base64', media_type: 'image/png', data } })

/** What a client may not say to a session that waits for its answers. */
export const BAD_ANSWERS: readonly Case[] = [
  answer('a message to a session that waits', () => [text('x')]),
  answer('a system message to a session that waits', () => [SYSTEM]),
  answer('an outcome for a session that waits', () => [
    { type: 'user.define_outcome', description: 'd', rubric: { type: 'text', content: 'r' } },
  ]),
  answer('an allow for a call of the client’s own tool', ({ custom }) => [allow(custom)]),
  answer('a result of a call of a built-in tool', ({ asked }) => [done(asked)]),
  answer('a worker’s result of a call of a built-in tool', ({ asked }) => [
    { type: 'user.tool_result', tool_use_id: asked },
  ]),
  answer('an allow for a call of another session', ({ elsewhere }) => [allow(elsewhere)]),
  answer('a result of a call of another session', ({ elsewhere }) => [done(elsewhere)]),
  answer('a result of a session', ({ waiting }) => [done(waiting)]),
  answer('a result twice', ({ custom }) => [done(custom), done(custom)]),
  answer('an allow and a deny', ({ asked }) => [allow(asked), allow(asked, { result: 'deny' })]),
  answer('an answer behind an interrupt', ({ asked }) => [{ type: 'user.interrupt' }, allow(asked)]),
  answer('a good answer and a bad one', ({ asked, elsewhere }) => [allow(asked), done(elsewhere)]),
  answer('an answer and a message while another is missing', ({ asked }) => [allow(asked), text('x')]),
  answer('an allow of a list of calls', ({ asked }) => [allow(asked, { tool_use_id: [asked] })]),
  answer('an allow in another case', ({ asked }) => [allow(asked, { result: 'Allow' })]),
  answer('an allow with new input', ({ asked }) => [allow(asked, { input: { command: 'x' } })]),
  answer('an allow with U+0000 in its call', ({ asked }) => [allow(`${asked}\0`)]),
  answer('an allow of a call of 10,000 characters', () => [allow('x'.repeat(10_000))]),
  answer('a deny with U+0000 in its words', ({ asked }) => [allow(asked, { result: 'deny', deny_message: 'a\0b' })]),
  answer('a result that is a text', ({ custom }) => [done(custom, { content: 'x' })]),
  answer('a result of 1,001 blocks', ({ custom }) => [
    done(custom, { content: times(1001, () => ({ type: 'text', text: 'x' })) }),
  ]),
  answer('a result with a block of the server', ({ custom }) => [
    done(custom, { content: [{ type: 'tool_use', id: 'x', name: 'bash', input: {} }] }),
  ]),
  answer('a result with a picture that is HTML', ({ custom }) => [done(custom, { content: [image('PGh0bWw+')] })]),
  answer('a result that is an error of a number', ({ custom }) => [done(custom, { is_error: 1 })]),
  answer('a result that inherits from somebody', ({ custom }) => [
    JSON.parse(`{"type":"user.custom_tool_result","custom_tool_use_id":"${custom}","__proto__":{"is_error":true}}`),
  ]),
]
