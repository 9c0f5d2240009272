import { describe, expect, test } from 'vitest'
import type { Provisioned } from '../../src/session/entry.ts'
import {
  arrived,
  idle,
  interrupt,
  message,
  outline,
  provisioned,
  recorded,
  resultEntry,
  startSession,
} from '../support/session-builders.ts'

const url = 'https://github.com/o/r'
const faults: NonNullable<Provisioned['faults']> = [
  { resource: 'sesrsc_1', url, type: 'repository_authentication_error', message: 'The token was refused.' },
  { resource: 'sesrsc_2', url: `${url}2`, type: 'repository_checkout_error', message: 'There is no branch x.' },
]
const told = ['session.error retrying', 'session.error retrying']

/** A session whose model has asked for two calls, which run. */
function withCalls() {
  const session = startSession()
  session.pass(arrived(message('m1')))
  session.answer({
    calls: [
      ['c1', 'allow'],
      ['c2', 'allow'],
    ],
  })
  return session
}

describe('a repository that a new sandbox goes without', () => {
  test('is told to clients, and the session goes on', () => {
    const session = withCalls()
    const decided = session.pass(recorded(provisioned(1, { faults }), resultEntry('c1')))
    expect(decided).toMatchObject([
      {
        type: 'session.error',
        error: {
          type: 'repository_authentication_error',
          message: 'hands: The token was refused.',
          repository_url: url,
          retry_status: { type: 'retrying' },
        },
      },
      { type: 'session.error', error: { type: 'repository_checkout_error', repository_url: `${url}2` } },
    ])
    expect(session.state).toMatchObject({ status: 'running', failures: 0 })
    expect(outline(session.pass(recorded(resultEntry('c2'))))).toEqual(['span.model_request_start'])
  })

  test('is told once, however many calls bring it along', () => {
    const session = withCalls()
    const decided = session.pass(
      recorded(provisioned(1, { faults }), resultEntry('c1')),
      recorded(provisioned(1, { faults }), resultEntry('c2')),
    )
    expect(outline(decided)).toEqual([...told, 'span.model_request_start'])
  })

  test('is told when the sandbox was made before any call, and not again by the first one', () => {
    const session = withCalls()
    expect(outline(session.pass(recorded(provisioned(1, { faults, told: false }))))).toEqual(told)
    expect(session.pass(recorded(provisioned(1, { faults }), resultEntry('c1')))).toEqual([])
  })

  test('is told again for the next generation, unless that has it', () => {
    const session = withCalls()
    session.pass(recorded(provisioned(1, { faults }), resultEntry('c1')))
    expect(outline(session.pass(recorded(provisioned(2, { faults }))))).toEqual(told)
    expect(session.pass(recorded(provisioned(3), resultEntry('c2')))).toMatchObject([
      { type: 'span.model_request_start' },
    ])
  })

  test('is not told for a generation that is no longer the newest', () => {
    const session = withCalls()
    session.pass(recorded(provisioned(3)))
    expect(session.pass(recorded(provisioned(2, { faults }), resultEntry('c1')))).toEqual([])
  })

  test('is told while the session is idle, and not once it is over', () => {
    const session = withCalls()
    expect(outline(session.pass(arrived(interrupt('i1'))))).toContain(idle('end_turn')[0])
    expect(outline(session.pass(recorded(provisioned(1, { faults, told: false }))))).toEqual(told)
    session.pass({ type: 'archived' })
    expect(session.pass(recorded(provisioned(2, { faults, told: false })))).toEqual([])
  })
})
