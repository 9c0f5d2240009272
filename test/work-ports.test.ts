import { describe, expect, test } from 'vitest'
import type { Notifier } from '../src/store/postgres/notify.ts'
import { workChannel } from '../src/store/postgres/work-claim.ts'
import { openWorkPorts } from '../src/work-ports.ts'
import { createFakeWork } from './api/fake-work.ts'

/** A notifier within one process. */
function createFakeNotifier(): Notifier {
  const handlers = new Map<string, Set<(payload: string) => void>>()
  return {
    async publish(channel, payload) {
      for (const handle of handlers.get(channel) ?? []) handle(payload)
    },
    async subscribe(channel, handler) {
      const beside = handlers.get(channel) ?? new Set()
      handlers.set(channel, beside.add(handler))
      return () => void beside.delete(handler)
    },
    async [Symbol.asyncDispose]() {},
  }
}

function openPorts(notifier: Notifier) {
  const key = { id: 'key_1', workspaceId: 'default', name: 'key' }
  const stores = {
    keys: { verify: async (secret: string) => (secret === 'lh_fake' ? key : null) },
    environmentKeys: { verify: async () => null },
    work: createFakeWork(),
  }
  return openWorkPorts({ stores, notifier, workTimes: { lease: 1, idle: 2 } })
}

describe('what an api has for workers', () => {
  test('wakes who waits for work by a word in the database', async () => {
    const notifier = createFakeNotifier()
    const { workFeed } = await openPorts(notifier)
    const listener = workFeed.listen('env_1')
    const heard = listener.heard(60_000)
    await notifier.publish(workChannel, 'env_1')
    await expect(heard).resolves.toBeUndefined()
    listener.end()
  })

  test('knows callers by the stores that it is given, and tells the times on', async () => {
    const { callers, workTimes } = await openPorts(createFakeNotifier())
    expect(await callers.verify('lh_fake')).toEqual({ type: 'key', workspaceId: 'default', keyId: 'key_1' })
    expect(await callers.verify('lh_else')).toBeNull()
    expect(workTimes).toEqual({ lease: 1, idle: 2 })
  })
})
