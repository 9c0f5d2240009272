import { ARCHIVE_UPDATE, CONFIGURE_UPDATE } from '../../src/workflows/messages.ts'
import { answerEntries, confirm, customResult, interrupt, message } from '../support/session-builders.ts'
import { changes } from './agent-recordings.ts'
import { budgets } from './budget-recordings.ts'
import { compactions } from './compaction-recordings.ts'
import { placed } from './hands-recordings.ts'
import { judged } from './judged-recordings.ts'
import { longTexts } from './long-text-recordings.ts'
import { resets } from './reset-recordings.ts'
import { mounted } from './resource-recordings.ts'
import { selfHosted } from './self-hosted-recordings.ts'
import { spoken } from './system-recordings.ts'
import type { Recording } from './steps.ts'
import { answer, ask, callTwo, configuration, fault, output, overloaded, policy, send, shortRuns } from './steps.ts'

export const recordings: readonly Recording[] = [
  {
    name: 'rollover-idle-then-archived',
    runs: 3,
    input: {
      configuration: shortRuns,
      events: [message('sevt_1', 'Hello.')],
      title: 'a title',
      metadata: { of: 'test' },
    },
    async play(session) {
      await answer(session, { text: 'Hi.', calls: [['sevt_a', 'allow']] })
      await output(session, 'sevt_a')
      await answer(session, { text: 'Done.', usage: { input_tokens: 10, output_tokens: 2 } })
      await session.settle()
      await session.handle.executeUpdate(ARCHIVE_UPDATE)
    },
  },
  {
    name: 'rollover-mid-turn',
    runs: 3,
    input: { configuration: shortRuns },
    async play(session) {
      await callTwo(session)
      await send(session, message('sevt_2', 'And a third.'), message(undefined, 'And one without an id.'))
      await session.together(async () => {
        await output(session, 'sevt_a')
        await output(session, 'sevt_b')
        await send(session, message('sevt_3', 'And a fourth.'))
      })
      await answer(session, { text: 'All at once.' })
    },
  },
  {
    name: 'rollover-waiting-for-client',
    runs: 5,
    input: { configuration: shortRuns },
    async play(session) {
      await send(session, message('sevt_1'))
      await ask(session, ['sevt_a', 'ask'], ['sevt_b', 'custom'])
      await send(session, message('sevt_2', 'Meanwhile.'))
      await session.settle()
      await send(session, customResult('sevt_3', 'sevt_b'), confirm('sevt_4', 'sevt_a'))
      await session.settle()
      await output(session, 'sevt_a')
      await answer(session, { text: 'All answered.' })
    },
  },
  {
    name: 'text-turn',
    input: {
      configuration,
      events: [message('sevt_1', 'Hello.')],
      by: 'key_1',
      title: 'a title',
      metadata: { of: 'test' },
    },
    play: (session) => answer(session, { text: 'Hi.', usage: { input_tokens: 10, output_tokens: 2 } }),
  },
  {
    name: 'parallel-tools',
    input: { configuration },
    async play(session) {
      await callTwo(session)
      await session.together(async () => {
        await output(session, 'sevt_b')
        await output(session, 'sevt_a')
      })
      await answer(session, { text: 'Done.' })
    },
  },
  {
    name: 'tools-one-by-one',
    input: { configuration },
    async play(session) {
      await callTwo(session)
      await output(session, 'sevt_a')
      await session.settle()
      await (await session.begun('sevt_b')).fail('the hands are gone')
      await answer(session, { text: 'One failed.' })
    },
  },
  {
    name: 'queued-message',
    input: { configuration },
    async play(session) {
      await callTwo(session)
      await send(session, message('sevt_2', 'And a third.'), message('sevt_3', 'And a fourth.'))
      await session.settle()
      await output(session, 'sevt_a')
      await output(session, 'sevt_b')
      await session.settle()
      await send(session, message('sevt_4', 'Last one.'))
      await answer(session, { text: 'Four done.' })
      await answer(session, { text: 'Five done.' })
    },
  },
  {
    name: 'interrupt-mid-model',
    input: { configuration },
    async play(session) {
      await send(session, message('sevt_1'))
      const { request } = await session.settle()
      await send(session, interrupt('sevt_2'))
      await session.settle()
      await send(session, message('sevt_3'))
      await (
        await session.begun(request ?? '')
      ).complete({ entries: answerEntries({ request: request ?? '', text: 'Too late.' }) })
      await answer(session, { text: 'In time.' })
    },
  },
  {
    name: 'interrupt-mid-tool',
    input: { configuration },
    async play(session) {
      await callTwo(session)
      await send(session, interrupt('sevt_2'))
      await session.settle()
      await output(session, 'sevt_b')
      await send(session, message('sevt_3', 'Go on.'))
      await answer(session, { calls: [['sevt_c', 'allow']] })
      await output(session, 'sevt_c')
      await answer(session, { text: 'Went on.' })
    },
  },
  {
    name: 'result-then-interrupt',
    input: { configuration },
    async play(session) {
      await callTwo(session)
      await session.together(async () => {
        await output(session, 'sevt_a')
        await send(session, interrupt('sevt_2'), message('sevt_3', 'Something else.'))
      })
      await session.settle()
      await output(session, 'sevt_b')
      await answer(session, { text: 'Something else it is.' })
    },
  },
  {
    name: 'model-retry',
    input: { configuration },
    async play(session) {
      await send(session, message('sevt_1'))
      await fault(session, overloaded)
      await answer(session, { text: 'At the second try.' })
    },
  },
  {
    name: 'model-exhausted',
    input: { configuration },
    async play(session) {
      await send(session, message('sevt_1'))
      for (let tries = 0; tries < policy.tries; tries++) await fault(session, overloaded)
      await session.settle()
      await send(session, message('sevt_2'))
      await session.settle()
      await send(session, message('sevt_3'))
      await fault(session, { error: 'billing_error', message: 'model: pay first', retryable: false })
    },
  },
  {
    name: 'malformed-signal',
    input: { configuration },
    async play(session) {
      await session.signal('hello')
      await session.signal({ events: [{ type: 'agent.message' }] })
      await send(session, message('sevt_1'))
      await session.signal({ events: [message('sevt_2'), { type: 'user.message', content: [] }] })
      await answer(session, { text: 'Hi.' })
    },
  },
  {
    name: 'minted-ids',
    input: { configuration, events: [message(undefined, 'From the start.')] },
    async play(session) {
      await session.settle()
      await session.signal({ events: [message(undefined, 'By signal.'), message('sevt_1', 'With an id.')] })
      await answer(session, { text: 'Two.' })
      await session.settle()
      await session.signal({ events: [interrupt(undefined)] })
      await session.settle()
      await send(session, message('sevt_1', 'The same again.'))
    },
  },
  {
    name: 'started-by-hand',
    input: { agent: { model: 'claude-opus-5-5' }, events: [message(undefined, 'Hello.')] },
    async play(session) {
      const entries = [{ type: 'log.configured', configuration: 'cfg_2', agent_name: 'agent' }] as const
      const opened = { entries, policy, agentName: 'agent' }
      await (await session.begun('open')).complete(opened)
      await answer(session, { text: 'Hi.' })
    },
  },
  {
    name: 'refused-by-hand',
    input: { agent: { model: '' }, events: [message(undefined, 'Hello.')] },
    play: async (session) => (await session.begun('open')).fail('model: expected a name'),
  },
  {
    name: 'waiting-for-client',
    input: { configuration },
    async play(session) {
      await send(session, message('sevt_1'))
      await answer(session, {
        calls: [
          ['sevt_a', 'ask'],
          ['sevt_b', 'custom'],
          ['sevt_c', 'ask'],
          ['sevt_d', 'allow'],
        ],
      })
      await output(session, 'sevt_d')
      await session.settle()
      await send(session, confirm('sevt_2', 'sevt_a'))
      await session.settle()
      await send(session, customResult('sevt_3', 'sevt_b'), confirm('sevt_4', 'sevt_c', 'deny'))
      await session.settle()
      await output(session, 'sevt_a')
      await answer(session, { text: 'All answered.' })
    },
  },
  {
    name: 'cancel',
    input: { configuration },
    async play(session) {
      await callTwo(session)
      await session.handle.cancel()
      await session.settle()
      await send(session, message('sevt_2', 'Still there?'))
      await answer(session, { text: 'Still here.' })
    },
  },
  {
    name: 'interrupt-in-back-off',
    input: { configuration },
    async play(session) {
      await send(session, message('sevt_1'))
      await fault(session, { ...overloaded, retryAfterMs: 3_600_000 })
      await session.settle()
      await send(session, interrupt('sevt_2'))
      await session.settle()
      await send(session, message('sevt_3'))
      await answer(session, { text: 'Back.' })
    },
  },
  {
    name: 'configured-then-archived',
    input: { configuration, events: [message('sevt_1')] },
    async play(session) {
      await answer(session, { text: 'Hi.' })
      await session.settle()
      await session.handle.executeUpdate(CONFIGURE_UPDATE, { args: [{ title: 'renamed', metadata: { a: 'b' } }] })
      await session.handle.executeUpdate(ARCHIVE_UPDATE)
    },
  },
  ...changes,
  ...budgets,
  ...compactions,
  ...judged,
  ...mounted,
  ...placed,
  ...longTexts,
  ...resets,
  ...selfHosted,
  ...spoken,
]
