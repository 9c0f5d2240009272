import { describe, expect, test } from 'vitest'
import { LogNotFound } from '../../src/history/session-log.ts'
import { RUN_ID, SESSION, ServerError } from '../support/history-builders.ts'
import { ITEMS, OPEN, idsOf, itemsOf, openLog, record, settle } from '../support/session-log-builders.ts'

describe('reading a session’s log', () => {
  test('catches up with history from where it stands', async () => {
    const { source, log } = openLog()
    source.grow(...OPEN)
    expect(idsOf(itemsOf(await log.read(SESSION)))).toEqual(['y0', 'y1', 'y2'])
    source.grow(...ITEMS.slice(4, 5))
    expect(idsOf(itemsOf(await log.read(SESSION)))).toEqual(['y0', 'y1', 'y2', 'y3'])
    expect(source.reads).toEqual([0, 4])
  })

  test('answers each reader by a catch-up that began after it asked, and shares those', async () => {
    const { source, log } = openLog()
    source.grow(...OPEN)
    const release = source.hold()
    const first = log.read(SESSION)
    source.grow(...ITEMS.slice(4, 5))
    const others = [log.read(SESSION), log.read(SESSION), log.read(SESSION)]
    await settle()
    expect(source.reads).toEqual([0])
    release()
    expect((await first).length).toBe(4)
    for (const other of await Promise.all(others)) expect(idsOf(itemsOf(other))).toContain('y3')
    expect(source.reads).toEqual([0, 4])
  })

  test('answers waiting readers although the catch-up before theirs failed', async () => {
    const { source, log } = openLog()
    source.grow(...OPEN)
    source.fail('read', new Error('no connection'))
    const both = await Promise.allSettled([log.read(SESSION), log.read(SESSION)])
    expect(both).toMatchObject([{ status: 'rejected', reason: { message: 'no connection' } }, { status: 'fulfilled' }])
  })

  test('says that there is none, never a shorter one', async () => {
    const { source, log } = openLog()
    source.fail('read', new ServerError(5))
    await expect(log.read(SESSION)).rejects.toThrow(LogNotFound)
    source.grow(...OPEN)
    await log.read(SESSION)
    source.remove(RUN_ID)
    await expect(log.read(SESSION)).rejects.toThrow(LogNotFound)
    expect(log.known(SESSION)).toBeNull()
  })

  test('passes other failures on as they are', async () => {
    const { source, log } = openLog()
    const failure = new ServerError(14)
    source.fail('read', failure)
    await expect(log.read(SESSION)).rejects.toBe(failure)
  })

  test('asks nobody about a log that has ended', async () => {
    const { source, log } = openLog()
    source.grow(...ITEMS)
    await log.read(SESSION)
    expect((await log.read(SESSION)).state.status).toBe('terminated')
    expect(source.reads).toEqual([0])
  })

  test('knows what was read last, without asking', async () => {
    const { source, log } = openLog()
    source.grow(...OPEN)
    expect(log.known(SESSION)).toBeNull()
    const reading = log.read(SESSION)
    expect(log.known(SESSION)).toBeNull()
    await reading
    source.grow(...ITEMS.slice(4))
    expect(log.known(SESSION)?.length).toBe(4)
    expect(source.reads).toEqual([0])
  })

  test('keeps only so many logs, those used last', async () => {
    const { source, log } = openLog({ keep: 2 })
    source.grow(...OPEN)
    for (const id of ['a', 'b', 'a', 'c']) await log.read(id)
    expect(['a', 'b', 'c'].map((id) => log.known(id) !== null)).toEqual([true, false, true])
  })

  test('keeps logs that somebody listens to', async () => {
    const { source, log } = openLog({ keep: 1 })
    source.grow(...OPEN)
    await log.subscribe('a', record())
    for (const id of ['b', 'c']) await log.read(id)
    expect(['a', 'b', 'c'].map((id) => log.known(id) !== null)).toEqual([true, false, true])
  })
})
