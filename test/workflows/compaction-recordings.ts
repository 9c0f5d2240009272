import { CONTEXT, interrupt, message } from '../support/session-builders.ts'
import type { Recording } from './steps.ts'
import { answer, callTwo, configuration, fault, output, overloaded, policy, send, summary, tooLong } from './steps.ts'

/** A session that keeps its context within a thousand tokens. */
const minding = { ...configuration, policy: { ...policy, context: CONTEXT } }

/** Lives in which the model's context grows full. */
export const compactions: readonly Recording[] = [
  {
    name: 'file-refused',
    input: { configuration },
    async play(session) {
      const image = { type: 'image', source: { type: 'url', url: 'https://example.com/gone.png' } } as const
      const { content } = message('sevt_1', 'What is this?')
      await send(session, { id: 'sevt_1', type: 'user.message', content: [...content, image] })
      const error = 'model_request_failed_error'
      await fault(session, { error, message: 'model: image not found', retryable: false, fileRefused: true })
      await answer(session, { text: 'I cannot see it.' })
    },
  },
  {
    name: 'compaction',
    input: { configuration: minding },
    async play(session) {
      await callTwo(session)
      await output(session, 'sevt_a')
      await output(session, 'sevt_b')
      await answer(session, { calls: [['sevt_c', 'allow']], usage: { input_tokens: 850 } })
      await output(session, 'sevt_c')
      await answer(session, { calls: [['sevt_d', 'allow']], usage: { input_tokens: 820 } })
      await send(session, message('sevt_2', 'And one more thing.'))
      await output(session, 'sevt_d')
      await fault(session, overloaded)
      await summary(session)
      await answer(session, { text: 'All of it.', usage: { input_tokens: 100 } })
    },
  },
  {
    name: 'context-too-long',
    input: { configuration: minding, events: [message('sevt_1', 'Hello.')] },
    async play(session) {
      await fault(session, tooLong)
      await answer(session, { text: 'Hi.' })
      await send(session, message('sevt_2', 'A long one.'))
      await fault(session, tooLong)
      await send(session, interrupt('sevt_3'))
      await session.settle()
      await send(session, message('sevt_4', 'Go on.'))
      await summary(session)
      for (let tries = 0; tries < 2; tries++) await fault(session, tooLong)
      await summary(session)
      await fault(session, tooLong)
      await session.settle()
      await send(session, message('sevt_5', 'Still there?'))
      await summary(session)
      await answer(session, { text: 'Still here.' })
    },
  },
  {
    name: 'context-adopted',
    input: { configuration },
    async play(session) {
      await callTwo(session)
      await output(session, 'sevt_a')
      await output(session, 'sevt_b')
      await fault(session, { ...tooLong, adoptable: { harness: 'h2', context: CONTEXT } })
      await summary(session)
      await answer(session, { calls: [['sevt_c', 'allow']], usage: { input_tokens: 850 } })
      await output(session, 'sevt_c')
      await summary(session)
      await answer(session, { text: 'All of it.', usage: { input_tokens: 100 } })
    },
  },
  {
    name: 'context-crowded',
    input: { configuration: { ...minding, policy: { ...minding.policy, context: { ...CONTEXT, growth: 0.1 } } } },
    async play(session) {
      await callTwo(session)
      await output(session, 'sevt_a')
      await output(session, 'sevt_b')
      await answer(session, { calls: [['sevt_c', 'allow']], usage: { input_tokens: 900 } })
      await output(session, 'sevt_c')
      await answer(session, { calls: [['sevt_d', 'allow']], usage: { input_tokens: 900 } })
      await output(session, 'sevt_d')
      await summary(session)
      await answer(session, { calls: [['sevt_e', 'allow']], usage: { input_tokens: 850 } })
      await output(session, 'sevt_e')
      await answer(session, { text: 'Done.', usage: { input_tokens: 860 } })
    },
  },
]
