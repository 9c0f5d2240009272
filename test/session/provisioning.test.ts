import { describe, expect, test } from 'vitest'
import type { Command } from '../../src/session/decide.ts'
import { decide } from '../../src/session/decide.ts'
import type { Provisioning } from '../../src/session/policy.ts'
import type { Input } from '../../src/session/settle.ts'
import { startingState } from '../../src/session/start.ts'
import type { LogState } from '../../src/session/state.ts'
import type { TestSession } from '../support/session-builders.ts'
import {
  POLICY,
  RUNNING,
  arrived,
  emptyState,
  foldAll,
  idle,
  interrupt,
  message,
  modelFailed,
  outline,
  provisioned,
  recorded,
  resultEntry,
  startSession,
} from '../support/session-builders.ts'

const PROVISION: Command = { do: 'provision', key: 'provision main', hand: 'main' }
const made = recorded(provisioned(1, { told: false, host: 'a1' }))
const failed: Input = { type: 'unprovisioned', hand: 'main', message: 'hands: the image is not there' }

function begin(provisioning: Provisioning, changes: Partial<LogState> = {}): TestSession {
  return startSession({}, emptyState({ provisioning, ...changes }))
}

function kinds(session: TestSession): readonly string[] {
  return session.commands().map((command) => command.do)
}

describe('a session whose sandbox is made first', () => {
  test('asks for it before anybody says anything', () => {
    expect(begin('first').commands()).toEqual([PROVISION])
  })

  test.each([
    ['is there', made, []],
    ['could not be made', failed, ['log.unprovisioned']],
  ] as const)('asks the model once the sandbox %s, and not before', (_, came, decided) => {
    const session = begin('first')
    expect(outline(session.pass(arrived(message('m1'))))).toEqual([...RUNNING, 'log.mark m1'])
    expect(kinds(session)).toEqual(['provision'])
    expect(outline(session.pass(came))).toEqual([...decided, 'span.model_request_start'])
    expect(kinds(session)).toEqual(['callModel'])
  })

  test('takes what is said meanwhile up with the first request', () => {
    const session = begin('first')
    session.pass(arrived(message('m1')))
    expect(outline(session.pass(arrived(message('m2'))))).toEqual([])
    expect(outline(session.pass(made))).toEqual(['log.mark m2', 'span.model_request_start'])
  })

  test('ends its turn without a request when it is interrupted before, and goes on making it', () => {
    const session = begin('first')
    session.pass(arrived(message('m1')))
    expect(outline(session.pass(arrived(interrupt('i1'))))).toEqual(['log.mark i1', ...idle('end_turn')])
    expect(kinds(session)).toEqual(['provision'])
    session.pass(made)
    expect(session.commands()).toEqual([])
  })

  test('says what it is to have', () => {
    expect(begin('first', { supplies: 2 }).commands()).toEqual([{ ...PROVISION, supplies: 2 }])
  })
})

describe('a session whose sandbox is made beside the model', () => {
  test('asks for it with the first turn', () => {
    const session = begin('parallel')
    expect(session.commands()).toEqual([])
    session.pass(arrived(message('m1')))
    expect(kinds(session)).toEqual(['provision', 'callModel'])
  })

  test('goes on making it when the turn is over, and while the model is waited for', () => {
    const session = begin('parallel')
    session.pass(arrived(message('m1')))
    session.pass(modelFailed({ retryAfterMs: 9 }))
    expect(kinds(session)).toEqual(['provision', 'backOff'])
    session.pass({ type: 'elapsed' })
    session.answer({ text: 'Hi.' })
    expect(session.state.status).toBe('idle')
    expect(kinds(session)).toEqual(['provision'])
  })

  test('leaves it to a call that needed one before', () => {
    const session = begin('parallel')
    session.pass(arrived(message('m1')))
    session.answer({ calls: [['c1', 'allow']] })
    expect(kinds(session)).toEqual(['provision', 'execute'])
    session.pass(recorded(provisioned(1), resultEntry('c1')))
    expect(kinds(session)).toEqual(['callModel'])
    expect(session.pass(failed)).toEqual([])
  })
})

describe('a sandbox that is made ahead of calls', () => {
  test.each(['first', 'parallel'] as const)('is asked for once under %s', (provisioning) => {
    for (const came of [made, failed]) {
      const session = begin(provisioning)
      session.pass(arrived(message('m1')), came)
      session.answer({ text: 'Hi.' })
      session.pass(arrived(message('m2')))
      expect(kinds(session)).toEqual(['callModel'])
    }
  })

  test('is for nobody in a session that is over', () => {
    const session = begin('first')
    session.pass({ type: 'archived' })
    expect(kinds(session)).toEqual(['close'])
    expect(session.pass(failed)).toEqual([])
  })

  test('is not asked for in a session that says nothing of it', () => {
    expect(startSession().commands()).toEqual([])
  })

  test('tells the calls where it is, and that the model knows nothing of it', () => {
    const session = begin('first')
    session.pass(made, arrived(message('m1')))
    session.answer({ calls: [['c1', 'allow']] })
    expect(session.commands()).toMatchObject([{ do: 'execute', host: 'a1', known: 0 }])
  })
})

describe('a call', () => {
  test('is told what the model knows of its sandbox, where it is, and how often resources changed', () => {
    const session = startSession({}, foldAll(emptyState({ supplies: 3 }), provisioned(2, { host: 'b2' })))
    session.pass(arrived(message('m1')))
    session.answer({ calls: [['c1', 'allow']] })
    expect(session.commands()).toMatchObject([{ do: 'execute', host: 'b2', known: 2, supplies: 3 }])
  })

  test('is sent nowhere while there is no sandbox', () => {
    const session = startSession()
    session.pass(arrived(message('m1')))
    session.answer({ calls: [['c1', 'allow']] })
    const [command] = session.commands()
    expect(command).toMatchObject({ do: 'execute', known: 0 })
    expect(command).not.toHaveProperty('host')
  })
})

test.each(['first', 'parallel'] as const)('a self-hosted session has no sandbox of ours under %s', (provisioning) => {
  const session = begin(provisioning, { selfHosted: true })
  expect(session.commands()).toEqual([])
  expect(outline(session.pass(arrived(message('m1'))))).toContain('span.model_request_start')
  expect(kinds(session)).toEqual(['callModel'])
})

describe('when a sandbox is made', () => {
  const configured = { type: 'log.configured', configuration: 'cfg_1', agent_name: 'n' } as const

  test.each(['first', 'parallel'] as const)('stands in the input, or is told with the agent: %s', (provisioning) => {
    const input = { configuration: { id: 'cfg_1', agentName: 'n', policy: { ...POLICY, provisioning } } }
    expect(startingState(input).provisioning).toBe(provisioning)
    expect(foldAll(emptyState(), { ...configured, provisioning }).provisioning).toBe(provisioning)
  })

  test.each([undefined, 'lazy', 'later', 1])('is with the first call that needs it where that says %s', (said) => {
    const state = startingState({ configuration: { id: 'cfg_1', policy: { provisioning: said } } })
    expect(Object.keys(state)).not.toContain('provisioning')
    expect(decide(state)).toEqual([])
  })
})
