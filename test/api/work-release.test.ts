import { describe, expect, test } from 'vitest'
import type { StoredWork } from '../../src/store/work-steps.ts'
import { createFakeApp, storeSession } from './fakes.ts'
import { buildView } from './view-builder.ts'
import { active, workScene } from './work-scene.ts'

describe('the worker of a session that has nothing for it', () => {
  const old = new Date(Date.now() - 121_000)
  const long = { ...active, startedAt: old, latestHeartbeatAt: old }
  const idle = { status: 'idle', updatedAt: old } as const
  const rested = { type: 'end_turn' } as const
  const viewOf = (at: Date, change: Parameters<typeof buildView>[1]) =>
    buildView([{ at: at.getTime(), do: 'hide' }], change)

  test.each<[string, StoredWork, Parameters<typeof storeSession>[2], ReturnType<typeof viewOf>, string]>([
    ['idle for long', long, idle, viewOf(old, { stop: rested }), 'stopping'],
    ['new and idle for long', long, idle, viewOf(old, {}), 'stopping'],
    ['terminated', active, { status: 'terminated' }, viewOf(old, {}), 'stopping'],
    ['archived', active, { archivedAt: old }, viewOf(old, {}), 'stopping'],
    ['waiting for it', long, idle, viewOf(old, { stop: { type: 'requires_action', event_ids: ['sevt_1'] } }), 'active'],
    ['running', long, { status: 'running' }, viewOf(old, {}), 'active'],
    ['running by its log', long, idle, viewOf(old, { status: 'running' }), 'active'],
    ['idle since now by its row', long, { status: 'idle', updatedAt: new Date() }, viewOf(old, {}), 'active'],
    ['idle since now by its log', long, idle, viewOf(new Date(), {}), 'active'],
    ['one that it has just begun with', { ...long, startedAt: new Date() }, idle, viewOf(old, {}), 'active'],
  ])('is let go or not: %s', async (_, item, row, view, state) => {
    const { send, world, work } = workScene([item])
    work.now = new Date()
    storeSession(world, 'sesn_1', { environmentId: 'env_own', ...row })
    world.view = view
    const { status, body } = await send('work', 'POST /work_1/heartbeat')
    expect([status, body.state]).toEqual([200, state])
    expect(work.items.get('work_1')).toMatchObject({ state, stoppedBy: state === 'stopping' ? 'server' : null })
  })

  test('is kept until the store’s clock says that it is idle for long, whatever this process believes', async () => {
    const { send, world, work } = workScene([long])
    storeSession(world, 'sesn_1', { environmentId: 'env_own', ...idle })
    world.view = viewOf(old, { stop: rested })
    for (const [seconds, state] of [
      [119, 'active'],
      [121, 'stopping'],
    ] as const) {
      work.now = new Date(old.getTime() + seconds * 1_000)
      expect((await send('work', 'POST /work_1/heartbeat')).body).toMatchObject({ state })
    }
  })

  test('is let go when the session is gone', async () => {
    const { send, world } = workScene([active])
    world.sessions.delete('sesn_1')
    expect((await send('work', 'POST /work_1/heartbeat')).body).toMatchObject({ state: 'stopping' })
  })

  test.each<[string, (scene: ReturnType<typeof workScene>) => void]>([
    ['found out', ({ context }) => void (context.sessions.find = () => Promise.reject(new Error('away')))],
    [
      'done',
      ({ world, work }) => {
        world.sessions.delete('sesn_1')
        work.stop = () => Promise.reject(new Error('away'))
      },
    ],
  ])('keeps its lease when that cannot be %s', async (_, fail) => {
    const scene = workScene([active])
    fail(scene)
    const { status, body } = await scene.send('work', 'POST /work_1/heartbeat')
    expect([status, body.state, body.lease_extended]).toEqual([200, 'active', true])
  })

  test('is kept while its log cannot be read', async () => {
    const { send, world, work } = workScene([long], () => ({
      log: { ...createFakeApp().context.log, read: () => Promise.reject(new Error('away')) },
    }))
    work.now = new Date()
    storeSession(world, 'sesn_1', { environmentId: 'env_own', ...idle })
    const { status, body } = await send('work', 'POST /work_1/heartbeat')
    expect([status, body.state]).toEqual([200, 'active'])
  })
})
