import { confirm, customResult, interrupt, message, toolResult } from '../support/session-builders.ts'
import type { Recording } from './steps.ts'
import { answer, ask, askRemote, configuration, output, policy, send, shortRuns } from './steps.ts'

const remote = { ...configuration, policy: { ...policy, selfHosted: true as const } }
const remoteShortRuns = { ...shortRuns, policy: { ...shortRuns.policy, selfHosted: true as const } }

/** Lives of sessions whose calls run on the user's machines, and of one that is sent a result without. */
export const selfHosted: readonly Recording[] = [
  {
    name: 'self-hosted-turn',
    input: { configuration: remote, events: [message('sevt_1', 'Hello.')] },
    async play(session) {
      await askRemote(session, ['sevt_a', 'allow'], ['sevt_b', 'ask'], ['sevt_c', 'deny'], ['sevt_d', 'custom'])
      await send(session, toolResult('sevt_2', 'sevt_a'))
      await session.settle()
      await send(session, confirm('sevt_3', 'sevt_b'), customResult('sevt_4', 'sevt_d'))
      await session.settle()
      await send(session, toolResult('sevt_5', 'sevt_b'))
      await askRemote(session, ['sevt_e', 'ask'])
      await session.together(() => send(session, confirm('sevt_6', 'sevt_e', 'deny'), confirm('sevt_7', 'sevt_e')))
      await answer(session, { text: 'Done.' })
    },
  },
  {
    name: 'self-hosted-interrupt',
    input: { configuration: remote },
    async play(session) {
      await send(session, message('sevt_1'))
      await askRemote(session, ['sevt_a', 'allow'], ['sevt_b', 'ask'], ['sevt_c', 'custom'])
      await session.together(async () => {
        await send(session, toolResult('sevt_2', 'sevt_a'))
        await send(session, interrupt('sevt_3'))
        await send(session, confirm('sevt_4', 'sevt_b'), toolResult('sevt_5', 'sevt_b'))
      })
      await session.settle()
      await send(session, message('sevt_6', 'And on.'))
      await answer(session, { text: 'Done.' })
    },
  },
  {
    name: 'rollover-waiting-for-worker',
    runs: 5,
    input: { configuration: remoteShortRuns },
    async play(session) {
      await send(session, message('sevt_1'))
      await askRemote(session, ['sevt_a', 'allow'], ['sevt_b', 'ask'])
      await send(session, confirm('sevt_2', 'sevt_b'))
      await session.settle()
      await send(session, toolResult('sevt_3', 'sevt_b'))
      await session.settle()
      await send(session, toolResult('sevt_4', 'sevt_a'))
      await answer(session, { text: 'All done.' })
    },
  },
  {
    name: 'self-hosted-started-by-hand',
    input: { environment: 'env_1', agent: { model: 'm' } },
    async play(session) {
      const configured = { type: 'log.configured', configuration: 'cfg_2', agent_name: 'agent' } as const
      const opened = {
        entries: [{ ...configured, selfHosted: true as const }],
        policy: remote.policy,
        agentName: 'agent',
      }
      await (await session.begun('open')).complete(opened)
      await send(session, message(undefined, 'Hello.'))
      await askRemote(session, ['sevt_a', 'allow'])
      await send(session, { type: 'user.tool_result', tool_use_id: 'sevt_a' })
      await answer(session, { text: 'Done.' })
    },
  },
  {
    name: 'stray-tool-result',
    input: { configuration },
    async play(session) {
      await send(session, message('sevt_1'))
      await ask(session, ['sevt_a', 'ask'], ['sevt_b', 'custom'])
      await session.signal({ events: [toolResult('sevt_2', 'sevt_a'), customResult('sevt_3', 'sevt_b', 'Unheard.')] })
      await session.settle()
      await send(session, customResult('sevt_4', 'sevt_b'), confirm('sevt_5', 'sevt_a'))
      await session.settle()
      await output(session, 'sevt_a')
      await answer(session, { text: 'Done.' })
    },
  },
]
