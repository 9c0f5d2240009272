import { noModelUsage } from '../../src/session/usage.ts'
import { CONFIGURE_UPDATE } from '../../src/workflows/messages.ts'
import { interrupt, message } from '../support/session-builders.ts'
import type { Recording } from './steps.ts'
import { answer, configuration, fault, output, overloaded, send, shortRuns } from './steps.ts'

/** A cent for ten tokens. */
const accounting = { prices: { input: 10_000_000, output: 0, cacheWrite: 0, cacheRead: 10_000 }, hourly: 8 }
const counted = { ...configuration, policy: { ...configuration.policy, accounting } }
const countedRuns = { ...shortRuns, policy: { ...shortRuns.policy, accounting } }

function cents(amount: number) {
  return { type: 'limit', max_list_cost: { amount: String(amount), currency: 'USD' } } as const
}

/** Lives of sessions that keep accounts. */
export const budgets: readonly Recording[] = [
  {
    name: 'budget-reached-then-raised',
    input: { configuration: counted, budget: cents(1), events: [message('sevt_1')] },
    async play(session) {
      await answer(session, { calls: [['sevt_a', 'allow']], usage: { input_tokens: 10 } }, 40)
      await output(session, 'sevt_a', 70)
      await send(session, message('sevt_2', 'Waits.'))
      await session.settle()
      await session.handle.executeUpdate(CONFIGURE_UPDATE, { args: [{ budget: cents(2) }] })
      await answer(session, { text: 'Both cents.', usage: { input_tokens: 10 } }, 30)
      await session.settle()
      await session.handle.executeUpdate(CONFIGURE_UPDATE, { args: [{ budget: null }] })
      await send(session, message('sevt_3', 'Without a cap.'))
      await answer(session, { text: 'Free.', usage: { input_tokens: 10 } })
    },
  },
  {
    name: 'rollover-counted',
    runs: 4,
    input: { configuration: countedRuns, events: [message('sevt_1')] },
    async play(session) {
      await answer(session, { calls: [['sevt_a', 'allow']], usage: { input_tokens: 10 } }, 40)
      await output(session, 'sevt_a', 70)
      await answer(session, { calls: [['sevt_b', 'allow']], usage: { input_tokens: 10 } }, 20)
      await output(session, 'sevt_b', 10)
      await answer(session, { text: 'Done.' }, 5)
    },
  },
  {
    name: 'interrupt-estimated',
    input: { configuration: counted, events: [message('sevt_1')] },
    async play(session) {
      await fault(session, { ...overloaded, usage: { ...noModelUsage(), input_tokens: 3 } })
      await answer(session, { calls: [['sevt_a', 'allow']], usage: { input_tokens: 10 } }, 40)
      await output(session, 'sevt_a', 70)
      await session.settle()
      await send(session, interrupt('sevt_2'))
    },
  },
]
