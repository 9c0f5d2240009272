import { describe, expect, test } from 'vitest'
import type { Policy } from '../../src/session/policy.ts'
import type { LogState } from '../../src/session/state.ts'
import { POLICY } from '../support/session-builders.ts'
import { ACCOUNTING } from './interleavings.ts'
import type { Loop } from './loop.ts'
import { createLoop } from './loop.ts'
import { capOf, createPlayer } from './player.ts'
import type { Action } from './script.ts'

type Draft = Extract<Action, { do: 'signal' }>['drafts'][number]
type Model = Extract<Action, { do: 'end' }>['model']

const WORK: Action = { do: 'work', meanwhile: [] }
const DRAFT: Draft = { kind: 'message', id: 'fresh', pick: 0, aim: 'known', result: 'allow' }

function send(...drafts: readonly Partial<Draft>[]): Action {
  return { do: 'signal', drafts: drafts.map((draft) => ({ ...DRAFT, ...draft })) }
}

/** The model's answer: at 600 tokens it costs more than two cents. */
function answer(calls: Extract<Model, { how: 'answer' }>['calls'], tokens = 1, stop = ''): Action {
  return { do: 'end', pick: 0, late: false, model: { how: 'answer', text: true, calls, stop, tokens }, tool: 'output' }
}

const FAULT: Action = {
  do: 'end',
  pick: 0,
  late: false,
  model: { how: 'fault', retryable: true, retryAfterMs: 7 },
  tool: 'output',
}

const ASKED: readonly Action[] = [send({}), WORK]

/** Ways to where a session can stand when something comes, with a budget of two cents. */
const STANDINGS: Readonly<Record<string, readonly Action[]>> = {
  new: [],
  'asking the model': ASKED,
  'running tools': [...ASKED, answer(['allow', 'allow']), WORK],
  'waiting to try again': [...ASKED, FAULT, WORK],
  idle: [...ASKED, answer([]), WORK],
  'waiting for a confirmation': [...ASKED, answer(['ask']), WORK],
  'waiting for two answers': [...ASKED, answer(['ask', 'custom']), WORK],
  'waiting beside a tool': [...ASKED, answer(['allow', 'ask']), WORK],
  'at the budget': [...ASKED, answer([], 600), WORK],
  'at the budget with a message queued': [...ASKED, send({}), answer([], 600), WORK],
  'paused at the budget': [...ASKED, answer(['deny'], 600), WORK],
  'paused at the budget by a model that paused': [...ASKED, answer([], 600, 'pause_turn'), WORK],
  interrupted: [...ASKED, send({ kind: 'interrupt' }), WORK],
}

const INPUTS: Readonly<Record<string, Action>> = {
  'a message': send({}),
  'an interrupt': send({ kind: 'interrupt' }),
  'an interrupt and a message': send({ kind: 'interrupt' }, {}),
  'an allow': send({ kind: 'confirm' }),
  'a deny': send({ kind: 'confirm', result: 'deny' }),
  'a deny of the call before': send({ kind: 'confirm', result: 'deny', pick: 1 }),
  'a result': send({ kind: 'custom' }),
  'an answer to nothing': send({ kind: 'confirm', aim: 'nowhere' }),
  'a title': { do: 'configure', title: 'a' },
  'the same budget': { do: 'configure', title: null, cents: 2 },
  'a larger budget': { do: 'configure', title: null, cents: 8 },
  'no budget': { do: 'configure', title: null, cents: null },
  'a cancel': { do: 'cancel' },
  'a malformed signal': { do: 'malformed', payload: 'hello' },
  'an archive': { do: 'archive' },
}

function liveThrough(steering: Policy['steering'], actions: readonly Action[]): Loop {
  const policy = { ...POLICY, steering, accounting: ACCOUNTING }
  const loop = createLoop({
    policy,
    input: { configuration: { id: 'cfg_1', agentName: 'tester', policy }, budget: capOf(2) },
    flush: 100,
    rollsAfter: null,
    committed: () => undefined,
  })
  createPlayer(loop)(actions)
  return loop
}

function standing({ state }: Loop): Pick<LogState, 'status' | 'stop' | 'budget' | 'title'> {
  const { status, stop, title, budget } = state
  // Where a session was when it ended does not matter any more.
  return { status, stop: status === 'terminated' ? null : stop, title, ...(budget ? { budget } : {}) }
}

describe('two things that come within one task', () => {
  const pairs = Object.entries(INPUTS).flatMap(([first, one]) =>
    Object.entries(INPUTS).map(([second, other]) => ({ name: `${first}, then ${second}`, one, other })),
  )

  describe.each(['step', 'turn'] as const)('with messages taken up at the next %s', (steering) => {
    test.each(Object.entries(STANDINGS))('leave a session that is %s where two tasks would', (_, before) => {
      const outcomes = pairs.map(({ name, one, other }) => ({
        name,
        together: standing(liveThrough(steering, [...before, one, other, WORK])),
        apart: standing(liveThrough(steering, [...before, one, WORK, other, WORK])),
      }))
      expect(outcomes.map(({ name, together }) => ({ name, ...together }))).toEqual(
        outcomes.map(({ name, apart }) => ({ name, ...apart })),
      )
    })
  })

  test('begin where they say', () => {
    console.info(`passes: n = ${2 * pairs.length * Object.keys(STANDINGS).length} pairs of inputs`)
    const standings = Object.values(STANDINGS).map((before) => {
      const { status, stop, phase } = liveThrough('step', before).state
      return `${status} ${stop?.type ?? phase}`
    })
    expect(standings).toEqual([
      'idle idle',
      'running model',
      'running tools',
      'rescheduling backoff',
      'idle end_turn',
      'idle requires_action',
      'idle requires_action',
      'running tools',
      'idle budget_reached',
      'idle budget_reached',
      'idle budget_reached',
      'idle budget_reached',
      'idle end_turn',
    ])
  })
})
