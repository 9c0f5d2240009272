import type { Provisioning } from '../../src/session/policy.ts'
import { interrupt, message, provisioned, resultEntry } from '../support/session-builders.ts'
import { OTHER_HOST } from './fake-activities.ts'
import type { Recording } from './steps.ts'
import { answer, configuration, output, policy, send } from './steps.ts'

const ahead = (provisioning: Provisioning) => ({ ...configuration, policy: { ...policy, provisioning } })

/** Sessions whose sandboxes are made ahead of calls, and sessions whose sandboxes are on hosts with names. */
export const placed: readonly Recording[] = [
  {
    name: 'provisioned-first',
    input: { configuration: ahead('first'), events: [message('sevt_1', 'Hello.')] },
    async play(session) {
      await session.settle()
      await send(session, message('sevt_2', 'And while it is made.'))
      await (await session.begun('provision main')).complete({ entries: [provisioned(1, { told: false })] })
      await answer(session, { calls: [['sevt_a', 'allow']] })
      await (await session.begun('sevt_a')).complete({ entries: [provisioned(1), resultEntry('sevt_a')] })
      await answer(session, { text: 'Done.' })
    },
  },
  {
    name: 'provisioned-first-interrupted',
    input: { configuration: ahead('first') },
    async play(session) {
      await session.settle()
      await session.together(async () => {
        await send(session, message('sevt_1', 'Hello.'), interrupt('sevt_2'))
        await (await session.begun('provision main')).complete({ entries: [provisioned(1, { told: false })] })
      })
      await session.settle()
      await send(session, message('sevt_3', 'Again.'))
      await answer(session, { text: 'Hi.' })
    },
  },
  {
    name: 'provisioned-parallel',
    input: { configuration: ahead('parallel') },
    async play(session) {
      await session.settle()
      await send(session, message('sevt_1', 'Hello.'))
      await answer(session, { calls: [['sevt_a', 'allow']] })
      await session.settle()
      await (await session.begun('provision main')).complete({ entries: [provisioned(1, { told: false })] })
      await output(session, 'sevt_a')
      await answer(session, { text: 'Done.' })
    },
  },
  {
    name: 'provisioned-not-at-all',
    input: { configuration: ahead('parallel'), events: [message('sevt_1', 'Hello.')] },
    async play(session) {
      await (await session.begun('provision main')).fail('hands: the image is not there')
      await answer(session, { text: 'Hi.' })
      await session.settle()
      await send(session, message('sevt_2', 'Again.'))
      await answer(session, { text: 'Hi again.' })
    },
  },
  {
    name: 'host-lost',
    input: { configuration, events: [message('sevt_1', 'Do two things.')] },
    async play(session) {
      await answer(session, { calls: [['sevt_a', 'allow']] })
      const made = provisioned(1, { host: 'nobodys' })
      await (await session.begun('sevt_a')).complete({ entries: [made, resultEntry('sevt_a')] })
      // Nobody hears the queue of that host: the call comes back after 15 s, and is made of all hands.
      await answer(session, { calls: [['sevt_b', 'allow']] })
      await output(session, 'sevt_b')
      await answer(session, { text: 'Done.' })
    },
  },
  {
    name: 'host-elsewhere',
    input: { configuration, events: [message('sevt_1', 'Do it.')] },
    async play(session) {
      await answer(session, { calls: [['sevt_a', 'allow']] })
      await (await session.begun('sevt_a')).complete({ entries: [], elsewhere: OTHER_HOST })
      const there = await session.begun('sevt_a')
      await there.complete({ entries: [provisioned(1, { host: OTHER_HOST }), resultEntry('sevt_a')] })
      await answer(session, { calls: [['sevt_b', 'allow']] })
      await output(session, 'sevt_b')
      await answer(session, { text: 'Done.' })
    },
  },
]
