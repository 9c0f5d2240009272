import type { Provisioning } from '../../src/session/policy.ts'
import { interrupt, message, provisioned, resultEntry } from '../support/session-builders.ts'
import { OTHER_HOST } from './fake-activities.ts'
import type { Recording } from './steps.ts'
import { answer, ask, configuration, output, policy, send, shortRuns, telling } from './steps.ts'

const ahead = (provisioning: Provisioning) => ({ ...configuration, policy: { ...policy, provisioning } })

const several = { 'longhand.hand.gpu': 'env_gpu', 'longhand.hand.web': 'env_web' }
const inGpu = { input: { environment: 'gpu' } }

/** Sessions whose sandboxes are made ahead of calls, on hosts with names, or more than one. */
export const placed: readonly Recording[] = [
  {
    name: 'call-of-unknown-outcome',
    input: { configuration: telling },
    async play(session) {
      await send(session, message('sevt_1'))
      await ask(session, ['sevt_a', 'allow'])
      await (await session.begun('sevt_a')).fail('activity Heartbeat timeout')
      await answer(session, { text: 'I will look what came of it.' })
    },
  },
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
      await ask(session, ['sevt_a', 'allow'])
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
  {
    name: 'several-hands',
    input: { configuration, metadata: several, events: [message('sevt_1', 'Do it in both.')] },
    async play(session) {
      await answer(session, { calls: [['sevt_a', 'allow']] })
      await (await session.begun('sevt_a')).complete({ entries: [provisioned(1), resultEntry('sevt_a')] })
      await answer(session, { calls: [['sevt_b', 'allow']], ...inGpu })
      await (await session.begun('sevt_b')).complete({ entries: [], elsewhere: OTHER_HOST })
      const there = provisioned(1, { hand: 'gpu', host: OTHER_HOST })
      await (await session.begun('sevt_b')).complete({ entries: [there, resultEntry('sevt_b')] })
      await answer(session, { calls: [['sevt_c', 'allow']], ...inGpu })
      await output(session, 'sevt_c')
      await answer(session, { calls: [['sevt_d', 'allow']] })
      await output(session, 'sevt_d')
      await answer(session, { calls: [['sevt_e', 'allow']], input: { environment: 'none' } })
      await output(session, 'sevt_e')
      await answer(session, { text: 'Done.' })
    },
  },
  {
    name: 'several-hands-continued',
    input: { configuration: shortRuns, metadata: several, events: [message('sevt_1', 'Do it there.')] },
    runs: 4,
    async play(session) {
      await answer(session, { calls: [['sevt_a', 'allow']], ...inGpu })
      const there = provisioned(1, { hand: 'gpu', host: OTHER_HOST })
      await (await session.begun('sevt_a')).complete({ entries: [there, resultEntry('sevt_a')] })
      await answer(session, { calls: [['sevt_b', 'allow']], ...inGpu })
      await output(session, 'sevt_b')
      await answer(session, { text: 'Done.' })
    },
  },
]
