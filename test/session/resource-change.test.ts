import { describe, expect, test } from 'vitest'
import { refuses } from '../../src/session/settle.ts'
import {
  arrived,
  emptyState,
  fileResource,
  interrupt,
  message,
  modelFailed,
  outline,
  startSession,
  startedWith,
} from '../support/session-builders.ts'

const add = (id: string) => ({ type: 'configured', resources: { add: fileResource(id) } }) as const
const remove = (id: string) => ({ type: 'configured', resources: { remove: id } }) as const

describe('a resource of a session', () => {
  test('is one from its record on, and none from the record that it was removed', () => {
    const session = startSession()
    expect(session.pass(add('r1'))).toEqual([{ type: 'log.resource', resource: fileResource('r1') }])
    session.pass(add('r2'))
    expect(session.state).toMatchObject({ resources: ['r1', 'r2'], supplies: 2 })
    expect(session.pass(remove('r1'))).toEqual([{ type: 'log.resource_removed', id: 'r1' }])
    expect(session.state).toMatchObject({ resources: ['r2'], supplies: 3 })
  })

  test('is recorded once, however often it is asked for', () => {
    const session = startSession()
    expect(session.pass(add('r1'), add('r1'))).toHaveLength(1)
    expect(session.pass(add('r1'))).toEqual([])
    expect(session.pass(remove('r2'))).toEqual([])
    expect(session.pass(remove('r1'), remove('r1'))).toHaveLength(1)
  })

  test('comes and goes whatever the session does', () => {
    const running = startSession()
    running.pass(arrived(message('m1')))
    const keys = running.commands().map(({ key }) => key)
    expect(outline(running.pass(add('r1')))).toEqual(['log.resource'])
    expect(running.commands().map(({ key }) => key)).toEqual(keys)
    const waiting = startedWith([['c1', 'ask']])
    expect(outline(waiting.pass(add('r1'), remove('r1')))).toEqual(['log.resource', 'log.resource_removed'])
    const backingOff = startSession()
    backingOff.pass(arrived(message('m1')))
    backingOff.pass(modelFailed({ retryable: true }))
    expect(outline(backingOff.pass(add('r1')))).toEqual(['log.resource'])
    backingOff.pass(arrived(interrupt('i1')))
    expect(backingOff.state).toMatchObject({ status: 'idle', resources: ['r1'] })
  })

  test('is refused once the session is terminated, and where there are 500', () => {
    const over = emptyState({ status: 'terminated' })
    expect(refuses(over, add('r1'))).toEqual({ reason: 'The session is terminated and cannot change.' })
    const ids = Array.from({ length: 500 }, (_, index) => `r${index}`)
    const full = emptyState({ resources: ids })
    expect(refuses(full, add('new'))).toEqual({
      reason: 'resources: expected at most 500, and the session has as many',
    })
    expect(refuses(full, add('r7'))).toBeNull()
    expect(refuses(full, remove('r7'))).toBeNull()
    expect(refuses(emptyState({ resources: ids.slice(1) }), add('new'))).toBeNull()
  })
})
