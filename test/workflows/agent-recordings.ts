import { CONFIGURE_UPDATE } from '../../src/workflows/messages.ts'
import { confirm, interrupt, message } from '../support/session-builders.ts'
import type { RigSession } from './rig.ts'
import type { Recording } from './steps.ts'
import { answer, ask, configuration, output, send, shortRuns } from './steps.ts'

function become(session: RigSession, id: string, base: string): Promise<unknown> {
  return session.handle.executeUpdate(CONFIGURE_UPDATE, { args: [{ configuration: { id, base } }] })
}

/** Lives of sessions whose agent changes. */
export const changes: readonly Recording[] = [
  {
    name: 'agent-updated-while-waiting',
    input: { configuration, events: [message('sevt_1')] },
    async play(session) {
      await ask(session, ['sevt_a', 'ask'])
      await become(session, 'cfg_2', 'cfg_1')
      await become(session, 'cfg_3', 'cfg_1')
      await become(session, 'cfg_3', 'cfg_2')
      await send(session, confirm('sevt_2', 'sevt_a'))
      await output(session, 'sevt_a')
      await session.settle()
      await become(session, 'cfg_4', 'cfg_3')
      await answer(session, { text: 'As it began.' })
      await send(session, message('sevt_3', 'And now?'))
      await answer(session, { text: 'With the new ones.' })
    },
  },
  {
    name: 'rollover-agent-updated',
    runs: 7,
    input: { configuration: shortRuns, events: [message('sevt_1')] },
    async play(session) {
      await ask(session, ['sevt_a', 'ask'])
      await become(session, 'cfg_2', 'cfg_1')
      await send(session, confirm('sevt_2', 'sevt_a'))
      await output(session, 'sevt_a')
      await ask(session, ['sevt_b', 'ask'])
      await send(session, interrupt('sevt_3'))
      await session.settle()
      await send(session, message('sevt_4', 'Anew.'))
      await answer(session, { text: 'With the new ones.' })
    },
  },
]
