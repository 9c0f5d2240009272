import { message, systemMessage } from '../support/session-builders.ts'
import type { Recording } from './steps.ts'
import { answer, configuration, output, send, shortRuns } from './steps.ts'

/** Sessions whose client speaks to the model as its operator too, and one whose model does not take that. */
export const spoken: readonly Recording[] = [
  {
    name: 'system-messages',
    input: {
      configuration: { ...configuration, policy: { ...configuration.policy, takesSystem: true } },
      events: [systemMessage('sevt_s1', 'From the start.')],
    },
    async play(session) {
      await session.settle()
      await send(session, message('sevt_1', 'Hello.'), systemMessage('sevt_s2', 'And with it.'))
      await answer(session, { text: 'Hi.', calls: [['sevt_a', 'allow']] })
      await send(session, systemMessage('sevt_s3', 'While it works.'))
      await output(session, 'sevt_a')
      await send(session, systemMessage('sevt_s4', 'At the end.'))
      await answer(session, { text: 'Done.' })
      await session.settle()
      await send(session, systemMessage('sevt_s5', 'Alone.'))
      await session.settle()
      await send(session, message(undefined, 'And one without an id.'))
      await answer(session, { text: 'Done again.' })
    },
  },
  {
    name: 'rollover-system-messages-refused',
    runs: 4,
    input: { configuration: { ...shortRuns, policy: { ...shortRuns.policy, takesSystem: false } } },
    async play(session) {
      await send(session, message('sevt_1', 'Hello.'), systemMessage('sevt_s1', 'In vain.'))
      await answer(session, { text: 'Hi.', calls: [['sevt_a', 'allow']] })
      await output(session, 'sevt_a')
      await answer(session, { text: 'Done.' })
      await session.settle()
      await send(session, systemMessage('sevt_s2', 'In vain again.'))
    },
  },
]
