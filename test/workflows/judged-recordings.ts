import type { Entry } from '../../src/session/entry.ts'
import type { Judgement } from '../../src/session/permissions.ts'
import { noModelUsage } from '../../src/session/usage.ts'
import type { Asked } from '../support/session-builders.ts'
import { answerEntries, confirm, message } from '../support/session-builders.ts'
import type { RigSession } from './rig.ts'
import type { Recording } from './steps.ts'
import { answer, output, send, shortRuns } from './steps.ts'

const accounting = { prices: { input: 400, output: 2000, cacheWrite: 500, cacheRead: 40 }, hourly: 0 }
const counted = { ...shortRuns, policy: { ...shortRuns.policy, accounting } }

const JUDGED: Readonly<Record<string, Judgement>> = {
  sevt_a: { type: 'allow' },
  sevt_b: { type: 'deny', reason_code: 'high_risk' },
  sevt_c: { type: 'ask', reason_code: 'indeterminate' },
}

/** An answer of which every call was judged, as the model activity records it: the request's own usage beside the sum. */
async function answerJudged(session: RigSession): Promise<boolean> {
  const { request } = await session.settle()
  if (request === null) throw new Error('expected a session that asks its model')
  const calls = Object.entries(JUDGED).map(([id, { type }]): Asked => [id, type])
  const entries = answerEntries({ request, calls, usage: { input_tokens: 900, output_tokens: 40 } }).map(withJudgement)
  return (await session.begun(request)).complete({ entries, ms: 40 })
}

function withJudgement(entry: Entry): Entry {
  if (entry.type === 'log.assistant')
    return { ...entry, usage: { ...noModelUsage(), input_tokens: 600, output_tokens: 30 } }
  if (entry.type !== 'agent.tool_use') return entry
  const judgement = JUDGED[entry.id]
  return judgement ? { ...entry, evaluation: { type: 'auto', evaluated_permission: judgement } } : entry
}

/** A life in which calls are judged one by one. */
export const judged: readonly Recording[] = [
  {
    name: 'judged-calls',
    runs: 4,
    input: { configuration: counted, events: [message('sevt_1')] },
    async play(session) {
      await answerJudged(session)
      await output(session, 'sevt_a', 10)
      await session.settle()
      await send(session, confirm('sevt_2', 'sevt_c'))
      await output(session, 'sevt_c', 10)
      await answer(session, { text: 'One was denied.', usage: { input_tokens: 10 } }, 20)
    },
  },
]
