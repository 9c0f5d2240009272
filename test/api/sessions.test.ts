import { describe, expect, test } from 'vitest'
import { LogNotFound } from '../../src/history/session-log.ts'
import { emptyState } from '../support/session-builders.ts'
import { AUTHORIZED, createFakeApp, storeSession } from './fakes.ts'
import { buildView } from './view-builder.ts'

describe('deleting a session', () => {
  async function remove(read: ReturnType<typeof createFakeApp>['context']['log']['read']) {
    const { log } = createFakeApp().context
    const { app, world } = createFakeApp(() => ({ log: { ...log, read } }))
    storeSession(world, 'sesn_1')
    const { statusCode } = await app.inject({ method: 'DELETE', url: '/v1/sessions/sesn_1', headers: AUTHORIZED })
    return { statusCode, isThere: world.sessions.has('sesn_1') }
  }

  test('is possible when its log is lost', async () => {
    expect(await remove(() => Promise.reject(new LogNotFound('gone')))).toEqual({ statusCode: 200, isThere: false })
  })

  test('is not when its log cannot be read at the moment, or runs', async () => {
    const running = { ...buildView([]), state: emptyState({ status: 'running' }) }
    expect(await remove(() => Promise.reject(new Error('away')))).toEqual({ statusCode: 504, isThere: true })
    expect(await remove(async () => running)).toEqual({ statusCode: 400, isThere: true })
  })
})
