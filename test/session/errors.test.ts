import { describe, expect, test } from 'vitest'
import { ThoughtsLost } from '../../src/activities/lost-parts.ts'
import { toFault } from '../../src/activities/model-fault.ts'
import { Projection } from '../../src/history/project.ts'
import { currentHarness } from '../../src/model/harness.ts'
import type { ModelFailureKind } from '../../src/model/model.ts'
import { ModelFailure, garbled } from '../../src/model/model.ts'
import { tell } from '../../src/session/endings.ts'
import type { Entry } from '../../src/session/entry.ts'
import type { ModelFault } from '../../src/session/settle.ts'
import { QUEUE_EVENTS } from '../../src/session/settle.ts'
import { agentWith } from '../activities/agent.ts'
import { SESSION, history, started } from '../support/history-builders.ts'
import {
  CONTEXT,
  POLICY,
  arrived,
  emptyState,
  interrupt,
  message,
  recorded,
  resultEntry,
  startSession,
  systemMessage,
} from '../support/session-builders.ts'
import { round, tooLong } from './rounds.ts'

const PARTS = /^(model|harness|hands|network|store|client): \S/

type Kept = { readonly type: string }

function toldIn(entries: readonly Kept[]): readonly string[] {
  return entries.flatMap((entry) => ('error' in entry ? [(entry.error as { message: string }).message] : []))
}

/** What is told of a model request that fails like this. */
function failing(fault: ModelFault): readonly Entry[] {
  const session = startSession()
  session.pass(arrived(message('m1')))
  return session.pass({ type: 'model_failed', fault })
}

const asked = { agent: agentWith(), harness: currentHarness, messages: [] }
const KINDS = {
  overloaded: 'model',
  rate_limited: 'model',
  request_failed: 'model',
  too_long: 'model',
  file_refused: 'model',
  billing: 'model',
  garbled: 'model',
  unreachable: 'network',
} as const satisfies Record<ModelFailureKind, string>

const lost: ModelFault = { error: 'unknown_error', message: new ThoughtsLost().message, retryable: false }
const unnamed: ModelFault = { error: 'unknown_error', message: 'out of memory', retryable: false }

/** Every maker of a `session.error`, and the part that it names. */
const MAKERS: readonly (readonly [what: string, part: string, make: () => readonly Kept[]])[] = [
  ['a malformed signal', 'client', () => startSession().pass({ type: 'malformed', reason: 'events[0] is a list' })],
  [
    'a full queue',
    'client',
    () => {
      const queue = Array.from({ length: QUEUE_EVENTS }, (_, n) => ({ ...message(`q${n}`), id: `q${n}` }))
      return startSession({}, emptyState({ status: 'running', phase: 'model', queue })).pass(arrived(message('m')))
    },
  ],
  [
    'an interrupt of another thread',
    'client',
    () => startSession().pass(arrived({ ...interrupt('i'), session_thread_id: 'sthr_2' })),
  ],
  [
    'a system message that the model does not take',
    'client',
    () => startSession({}, emptyState({ takesSystem: false })).pass(arrived(systemMessage('s'))),
  ],
  [
    'an agent that could not be stored',
    'client',
    () => startSession().pass({ type: 'failed', message: 'client: no such model' }),
  ],
  [
    'too many tool rounds',
    'harness',
    () => {
      const session = startSession({ policy: { ...POLICY, toolRounds: 1 } })
      session.pass(arrived(message('m1')))
      session.answer({ calls: [['c1', 'allow']] })
      return session.pass(recorded(resultEntry('c1')))
    },
  ],
  [
    'too many summaries',
    'harness',
    () => {
      const session = startSession({ policy: { ...POLICY, context: { ...CONTEXT, compactionsInARow: 1 } } })
      session.pass(arrived(message('m1')))
      round(session, 'c1', 900)
      session.summarise()
      session.pass(tooLong())
      return session.pass(tooLong())
    },
  ],
  [
    'an end that came from outside',
    'harness',
    () => {
      const projection = new Projection(SESSION)
      return history(started(), { type: 'ended', how: 'terminated', reason: 'by hand' }).flatMap((item) =>
        projection.take(item).flatMap(({ shown }) => (shown ? [shown] : [])),
      )
    },
  ],
  ['lost thoughts', 'store', () => failing(lost)],
  ['a failure that names nobody', 'model', () => failing(unnamed)],
  ['what cannot be read', 'model', () => failing(toFault(garbled('no JSON'), asked))],
  ...Object.entries(KINDS).map(
    ([kind, part]) =>
      [
        `a model request that failed: ${kind}`,
        part,
        // The keys are the kinds.
        () =>
          failing(
            toFault(new ModelFailure({ kind: kind as ModelFailureKind, retryable: false, message: 'no' }), asked),
          ),
      ] as const,
  ),
]

describe('an error in the log', () => {
  test.each(MAKERS)('says which part failed: %s is the %s’s', (_what, part, make) => {
    const told = toldIn(make())
    expect(told).toHaveLength(1)
    expect(told[0]).toMatch(PARTS)
    expect(told[0]).toMatch(new RegExp(`^${part}: `))
  })

  test.each([
    ['store: away', 'store: away'],
    ['storehouse: away', 'hands: the call failed: storehouse: away'],
    ['', 'hands: the call failed: '],
  ])('keeps what names its part already: %j', (words, told) => {
    expect(tell(words, 'hands: the call failed')).toBe(told)
  })
})
