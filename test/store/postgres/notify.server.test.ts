import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../../src/store/postgres/database.ts'
import type { Notifier } from '../../../src/store/postgres/notify.ts'
import { createNotifier, deletedChannel } from '../../../src/store/postgres/notify.ts'
import { openGate } from '../gate.ts'
import { newDatabase } from '../use-postgres.ts'
import { silentLog } from '../../support/silent-log.ts'

async function open(url: string): Promise<Notifier> {
  const notifier = await createNotifier(url, silentLog)
  onTestFinished(() => notifier[Symbol.asyncDispose]())
  return notifier
}

/** Breaks every notifier's connection to the database and answers how many there were. */
async function breakConnections(url: string): Promise<number> {
  await using database = await openDatabase(url, silentLog)
  const { rows } = await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'longhand notify' and datname = current_database()
  `.execute(database)
  return rows.length
}

async function canPublish(notifier: Notifier): Promise<boolean> {
  return notifier.publish('anything', '').then(
    () => true,
    () => false,
  )
}

describe('notifier', () => {
  test('carries a message to every subscriber of the channel in every process, its own too', async () => {
    const url = await newDatabase()
    const [api, worker] = [await open(url), await open(url)]
    const got: string[] = []
    await api.subscribe(deletedChannel, (id) => got.push(`api ${id}`))
    await worker.subscribe(deletedChannel, (id) => got.push(`worker ${id}`))
    await worker.subscribe(deletedChannel, (id) => got.push(`worker again ${id}`))
    await api.subscribe('another', () => got.push('another channel'))
    await worker.publish(deletedChannel, 'sesn_1')
    await expect.poll(() => got.toSorted()).toEqual(['api sesn_1', 'worker again sesn_1', 'worker sesn_1'])
  })

  test('keeps the order of one publisher', async () => {
    const url = await newDatabase()
    const [api, worker] = [await open(url), await open(url)]
    const got: string[] = []
    await api.subscribe('order', (payload) => got.push(payload))
    const sent = Array.from({ length: 300 }, (_, i) => `${i}`)
    await Promise.all(sent.map((payload) => worker.publish('order', payload)))
    await expect.poll(() => got).toEqual(sent)
    console.log(`notifier: n = ${sent.length} messages in order`)
  })

  test('takes any channel name and payload as it is', async () => {
    const notifier = await open(await newDatabase())
    const got: string[] = []
    await notifier.subscribe('Odd "name"; drop', (payload) => got.push(payload))
    for (const payload of ['', `it's "quoted"`, '🙂'.repeat(1_999)]) await notifier.publish('Odd "name"; drop', payload)
    await expect.poll(() => got).toEqual(['', `it's "quoted"`, '🙂'.repeat(1_999)])
  })

  test('refuses a payload that is too long', async () => {
    const notifier = await open(await newDatabase())
    await expect(notifier.publish('long', 'x'.repeat(8_000))).rejects.toThrow('payload string too long')
  })

  test('stops calling a handler that was taken back', async () => {
    const notifier = await open(await newDatabase())
    const got: string[] = []
    const stop = await notifier.subscribe('stop', () => got.push('stopped one'))
    await notifier.subscribe('stop', (payload) => got.push(payload))
    stop()
    await notifier.publish('stop', 'once')
    await expect.poll(() => got).toEqual(['once'])
  })

  test('connects and listens again after its connection broke', async () => {
    const url = await newDatabase()
    const [api, worker] = [await open(url), await open(url)]
    const got = new Set<string>()
    await api.subscribe('again', (payload) => got.add(payload))
    const rounds = 5
    for (let round = 0; round < rounds; round++) {
      expect(await breakConnections(url)).toBe(2)
      const arrives = async () => {
        await worker.publish('again', `${round}`).catch(() => undefined)
        return got.has(`${round}`)
      }
      await expect.poll(arrives).toBe(true)
      await expect.poll(() => canPublish(api)).toBe(true)
    }
    console.log(`notifier: n = ${rounds} broken connections`)
  })

  test('gives every connection that it makes its settings', async () => {
    const url = await newDatabase()
    const notifier = await createNotifier(url, silentLog, { settings: { application_name: 'set by the test' } })
    onTestFinished(() => notifier[Symbol.asyncDispose]())
    await using database = await openDatabase(url, silentLog)
    const find = async (): Promise<readonly number[]> => {
      const { rows } = await sql<{ pid: number }>`
        select pid from pg_stat_activity where application_name = 'set by the test' and datname = current_database()
      `.execute(database)
      return rows.map(({ pid }) => pid)
    }
    const [first] = await find()
    await sql`select pg_terminate_backend(${first})`.execute(database)
    await expect.poll(find).toSatisfy((pids: readonly number[]) => pids.length === 1 && pids[0] !== first)
  })

  test('refuses to publish while the server is away, and listens to everything when it is back', async () => {
    const gate = await openGate(await newDatabase())
    const notifier = await open(gate.url)
    const got: string[] = []
    await notifier.subscribe('before', (payload) => got.push(payload))
    await gate.close()
    await expect.poll(() => canPublish(notifier)).toBe(false)
    await expect(notifier.publish('before', 'lost')).rejects.toThrow('it broke and is not back yet')
    await notifier.subscribe('meanwhile', (payload) => got.push(payload))
    await gate.open()
    await expect.poll(() => canPublish(notifier)).toBe(true)
    await notifier.publish('before', 'kept')
    await notifier.publish('meanwhile', 'kept too')
    await expect.poll(() => got).toEqual(['kept', 'kept too'])
  })

  test('stops trying to connect when it is disposed of', async () => {
    const url = await newDatabase()
    const gate = await openGate(url)
    const notifier = await createNotifier(gate.url, silentLog)
    await gate.close()
    await expect.poll(() => canPublish(notifier)).toBe(false)
    await notifier[Symbol.asyncDispose]()
    await gate.open()
    expect(await breakConnections(url)).toBe(0)
  })

  test('fails when there is no server to begin with', async () => {
    await expect(createNotifier('postgres://127.0.0.1:1/x', silentLog)).rejects.toThrow('ECONNREFUSED')
  })
})
