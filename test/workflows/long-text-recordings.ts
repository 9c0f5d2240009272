import { message } from '../support/session-builders.ts'
import type { Recording } from './steps.ts'
import { answer, ask, configuration, output, send, shortRuns } from './steps.ts'

/** Lives in which texts are kept elsewhere, or recorded once for several places. */
export const longTexts: readonly Recording[] = [
  {
    name: 'large-inputs',
    runs: 3,
    input: { configuration: shortRuns },
    async play(session) {
      const kept = [{ path: ['content', 0, 'text'], sha256: 'a'.repeat(64), length: 70_000 }]
      await session.signal({ events: [message('sevt_1', '')], blobs: { 0: kept }, by: 'key_1' })
      await ask(session, ['sevt_a', 'allow'])
      await session.signal({ events: [message('sevt_2', 'Small.'), message('sevt_3', '')], blobs: { 1: kept } })
      await output(session, 'sevt_a')
      await answer(session, { text: 'Read.' })
    },
  },
  {
    name: 'repeated-texts',
    input: { configuration },
    async play(session) {
      await send(session, message('sevt_1'))
      await answer(session, {
        text: 'A long text. '.repeat(20),
        calls: [
          ['sevt_a', 'allow'],
          ['sevt_b', 'ask'],
        ],
        input: { text: 'A long input. '.repeat(20) },
      })
      await output(session, 'sevt_a')
      await session.settle()
    },
  },
]
