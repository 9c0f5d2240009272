import { CONFIGURE_UPDATE } from '../../src/workflows/messages.ts'
import type { ResourceChange } from '../../src/session/resource-change.ts'
import { fileResource, interrupt, message, repositoryResource } from '../support/session-builders.ts'
import type { RigSession } from './rig.ts'
import type { Recording } from './steps.ts'
import { answer, ask, configuration, output, send, shortRuns } from './steps.ts'

function change(session: RigSession, resources: ResourceChange): Promise<unknown> {
  return session.handle.executeUpdate(CONFIGURE_UPDATE, { args: [{ resources }] })
}

/** Lives of sessions whose resources come and go. */
export const mounted: readonly Recording[] = [
  {
    name: 'resources-added-and-removed',
    input: {
      configuration,
      resources: [repositoryResource('sesrsc_1'), fileResource('sesrsc_2')],
      events: [message('sevt_1')],
    },
    async play(session) {
      await answer(session, { calls: [['sevt_a', 'allow']] })
      await change(session, { add: fileResource('sesrsc_3') })
      await output(session, 'sevt_a')
      await answer(session, { calls: [['sevt_b', 'allow']] })
      await output(session, 'sevt_b')
      await answer(session, { text: 'Read.' })
      await session.settle()
      await change(session, { remove: 'sesrsc_2' })
      await change(session, { remove: 'sesrsc_2' })
      await change(session, { add: fileResource('sesrsc_3') })
      await send(session, message('sevt_2', 'And now?'))
      await answer(session, { text: 'One less.' })
    },
  },
  {
    name: 'rollover-resources',
    runs: 4,
    input: { configuration: shortRuns, resources: [fileResource('sesrsc_1')], events: [message('sevt_1')] },
    async play(session) {
      await ask(session, ['sevt_a', 'ask'])
      await change(session, { add: fileResource('sesrsc_2') })
      await send(session, interrupt('sevt_2'))
      await session.settle()
      await change(session, { remove: 'sesrsc_1' })
      await send(session, message('sevt_3', 'Anew.'))
      await answer(session, { text: 'With the other.' })
    },
  },
]
