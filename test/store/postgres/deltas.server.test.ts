import { randomBytes } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { DeltaBatch } from '../../../src/store/deltas.ts'
import { createDeltaChannel, deltaSettings } from '../../../src/store/postgres/deltas.ts'
import type { Notifier, NotifierOptions } from '../../../src/store/postgres/notify.ts'
import { createNotifier } from '../../../src/store/postgres/notify.ts'
import { newDatabase } from '../use-postgres.ts'
import { silentLog } from '../../support/silent-log.ts'

async function open(url: string, options: NotifierOptions = {}): Promise<Notifier> {
  const notifier = await createNotifier(url, silentLog, options)
  onTestFinished(() => notifier[Symbol.asyncDispose]())
  return notifier
}

const KEY = randomBytes(32)
const BATCH: DeltaBatch = {
  session: 'sesn_011111111111111111111111',
  run: '0192d3a4-0000-7000-8000-000000000000',
  activity: '12',
  attempt: 2,
  seq: 3,
  parts: [
    { type: 'start', of: 'agent.message', id: 'sevt_011111111111111111111111' },
    { type: 'text', id: 'sevt_011111111111111111111111', index: 0, text: 'a "b"\n\0 \ud800 😀 \u2028' },
  ],
}

describe('a delta channel', () => {
  test('carries batches as they are, in order, and tells their session without decoding them', async () => {
    const url = await newDatabase()
    const worker = createDeltaChannel(await open(url, { settings: deltaSettings }))
    const api = createDeltaChannel(await open(url))
    const sessions: string[] = []
    const batches: (DeltaBatch | null)[] = []
    await api.subscribe((session, read) => {
      sessions.push(session)
      if (session === BATCH.session) batches.push(read())
    })
    await worker.publish(BATCH)
    await worker.publish({ ...BATCH, session: 'sesn_2' })
    await worker.publish({ ...BATCH, seq: 4 })
    await expect.poll(() => batches).toEqual([BATCH, { ...BATCH, seq: 4 }])
    expect(sessions).toEqual([BATCH.session, 'sesn_2', BATCH.session])
  })

  test.each([
    ['as it is', null],
    ['encrypted', KEY],
  ])('holds a batch of 5,700 bytes %s', async (_, key) => {
    const channel = createDeltaChannel(await open(await newDatabase()), key)
    const got: (DeltaBatch | null)[] = []
    await channel.subscribe((_session, read) => got.push(read()))
    const text = '\u0001'.repeat(940)
    const large = { ...BATCH, parts: [{ type: 'text', id: 'sevt_1', index: 9, text }] } as const
    expect(JSON.stringify(large.parts).length).toBeGreaterThan(5_690)
    await channel.publish(large)
    await expect.poll(() => got).toEqual([large])
  })

  test('shows nothing but the session where there is a key, and nothing to those without it', async () => {
    const notifier = await open(await newDatabase())
    const payloads: string[] = []
    await notifier.subscribe('longhand_deltas', (payload) => payloads.push(payload))
    const got: Record<string, DeltaBatch | null> = {}
    for (const [name, key] of Object.entries({ same: KEY, other: randomBytes(32), none: null })) {
      await createDeltaChannel(notifier, key).subscribe((_, read) => (got[name] = read()))
    }
    await createDeltaChannel(notifier, KEY).publish(BATCH)
    await expect.poll(() => got).toEqual({ same: BATCH, other: null, none: null })
    expect(payloads.join()).toMatch(/^sesn_\w+ [A-Za-z0-9+/=]+$/)
    const [sealed = ''] = payloads
    await notifier.publish('longhand_deltas', sealed.replace('sesn_01', 'sesn_02'))
    await expect.poll(() => got['same']).toBeNull()
  })

  test('gives null for what is no batch, whoever sent it', async () => {
    const notifier = await open(await newDatabase())
    const got: unknown[] = []
    await createDeltaChannel(notifier).subscribe((session, read) => got.push([session, read()]))
    const parts = [
      null,
      { type: 'start', id: 'a' },
      { type: 'start', id: 'a', of: 'agent.tool_use' },
      { type: 'text', id: 'a', text: 'x' },
      { type: 'text', id: 'a', text: 'x', index: -1 },
      { type: 'later', id: 'a' },
    ].map((part) => `sesn_1 ${JSON.stringify({ run: 'r', activity: '1', attempt: 1, seq: 0, parts: [part] })}`)
    const others = ['sesn_1 {', 'sesn_1 null', 'sesn_1 {"run":1}', 'sesn_1 []', ...parts]
    for (const payload of ['', 'sesn_1', ...others]) await notifier.publish('longhand_deltas', payload)
    await expect.poll(() => got).toEqual([['', null], ['', null], ...others.map(() => ['sesn_1', null])])
  })
})
