import { describe, expect, test } from 'vitest'
import { emitEvent, getEvents, getSession } from '../src/index.ts'
import { createSession, listAll, program, record } from './sdk/drive.ts'
import { useStack } from './sdk/use-stack.ts'

const use = useStack()

describe('the verbs of a session', () => {
  test('emitEvent puts an event into the log, getEvents reads it and its turn, getSession folds it', async () => {
    const { stack } = use()
    const session = await createSession(use())
    expect(await getSession(stack.log, session)).toMatchObject({ status: 'idle', queue: [] })
    const recording = await record(stack.sdk, session)
    const sent = program('SAY hello')
    if (sent.type !== 'user.message') throw new Error('expected a message')
    const id = await emitEvent(stack.workflows, session, sent)
    await recording.until('session.status_idle')

    const events = await getEvents(stack.log, session)
    expect(events.map(({ event }) => event)).toEqual(await listAll(stack.sdk, session))
    expect(events.findIndex(({ event }) => event.id === id)).toBe(2)
    const [after, before] = [events[1]!.position, events[4]!.position]
    expect(await getEvents(stack.log, session, { after, before })).toEqual(events.slice(2, 4))
    expect(await getEvents(stack.log, session, { order: 'desc', limit: 2 })).toEqual(events.slice(-2).toReversed())
    expect(await getEvents(stack.log, session, { after: events.at(-1)!.position })).toEqual([])
    expect(await getSession(stack.log, session)).toMatchObject({ status: 'idle', stop: { type: 'end_turn' } })
  })

  test('getSession and getEvents reject for a session that is nowhere', async () => {
    const { log } = use().stack
    await expect(getSession(log, 'sesn_01nowhere')).rejects.toThrow(/no history of sesn_01nowhere/)
    await expect(getEvents(log, 'sesn_01nowhere')).rejects.toThrow(/no history/)
  })
})
