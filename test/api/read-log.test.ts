import { describe, expect, test } from 'vitest'
import { endLog, readLog, readRow } from '../../src/api/read-log.ts'
import type { ApiContext } from '../../src/api/context.ts'
import { LogNotFound } from '../../src/history/session-log.ts'
import { createFakeApp, storeSession } from './fakes.ts'
import { buildView } from './view-builder.ts'

const EMPTY = buildView([])
const WITH_M1 = buildView([{ do: 'queue', id: 'm1', at: 1 }])

function createReader(change: { readonly accepted?: readonly string[]; readonly read?: ApiContext['log']['read'] }) {
  const { accepted = [], read = async () => EMPTY } = change
  const fake = createFakeApp()
  const context: ApiContext = {
    ...fake.context,
    ingress: { ...fake.context.ingress, acceptedIds: async () => accepted },
    log: { ...fake.context.log, read },
  }
  return { context, row: storeSession(fake.world, 'sesn_1') }
}

describe('a read of a log', () => {
  test('answers at once when nothing that was acknowledged is missing', async () => {
    let reads = 0
    const read = async () => {
      reads += 1
      return WITH_M1
    }
    const { context, row } = createReader({ accepted: ['m1'], read })
    expect(await readLog(context, row)).toBe(WITH_M1)
    expect(reads).toBe(1)
  })

  test('looks again until it shows what another process acknowledged', async () => {
    const views = [EMPTY, EMPTY, WITH_M1]
    const { context, row } = createReader({ accepted: ['m1'], read: async () => views.shift() ?? WITH_M1 })
    expect(await readLog(context, row)).toBe(WITH_M1)
    expect(views).toEqual([])
  })

  test.each([
    { error: new LogNotFound('gone'), kind: 'api_error', options: { code: 'log_lost', shouldRetry: false } },
    { error: new Error('14 UNAVAILABLE: secret address'), kind: 'unavailable', options: {} },
  ])('that fails ($error.message) is told as $kind without a word of it', async ({ error, kind, options }) => {
    const { context, row } = createReader({ read: () => Promise.reject(error) })
    const read = readLog(context, row)
    await expect(read).rejects.toMatchObject({ kind, cause: error, options })
    await expect(read).rejects.not.toThrow(/secret/)
  })

  test('of another workspace’s session is of none', async () => {
    const { context } = createReader({})
    const key = { type: 'key', workspaceId: 'default', keyId: 'k' } as const
    expect(await readRow(context, key, 'sesn_1')).toMatchObject({ id: 'sesn_1' })
    for (const [workspaceId, id] of [
      ['other', 'sesn_1'],
      ['default', 'sesn_2'],
    ] as const) {
      await expect(readRow(context, { ...key, workspaceId }, id)).rejects.toMatchObject({ kind: 'not_found' })
    }
  })

  test('of another environment is of none to a worker', async () => {
    const { context } = createReader({})
    const worker = { type: 'environment', workspaceId: 'default', keyId: 'k', environmentId: 'env_1' } as const
    expect(await readRow(context, worker, 'sesn_1')).toMatchObject({ environmentId: 'env_1' })
    const foreign = readRow(context, { ...worker, environmentId: 'env_2' }, 'sesn_1')
    await expect(foreign).rejects.toThrow(/^No session sesn_1\.$/)
  })
})

describe('the end of a log', () => {
  test.each([
    { name: 'brings its last events before it is forgotten', known: EMPTY, done: ['read', 'forget'] },
    { name: 'reads nothing that nobody follows', known: null, done: ['forget'] },
    { name: 'comes although it cannot be read any more', known: EMPTY, fails: true, done: ['read', 'forget'] },
  ])('$name', async ({ known, fails, done }) => {
    const calls: string[] = []
    const { log } = createFakeApp().context
    await endLog(
      {
        ...log,
        known: () => known,
        read: async () => {
          calls.push('read')
          if (fails) throw new LogNotFound('gone')
          return EMPTY
        },
        forget: () => void calls.push('forget'),
      },
      'sesn_1',
    )
    expect(calls).toEqual(done)
  })
})
