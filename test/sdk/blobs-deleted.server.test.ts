import { describe, expect, test } from 'vitest'
import type { SweeperPorts } from '../../src/activities/sweeper.ts'
import { sweep } from '../../src/activities/sweeper.ts'
import { createLateBlobs } from '../../src/activities/late-blobs.ts'
import { SessionBuried } from '../../src/store/buried.ts'
import { createGuardedBlobs } from '../../src/store/guarded-blobs.ts'
import { createSession, message, turn } from './drive.ts'
import { useStack } from './use-stack.ts'

const use = useStack()

describe('blobs of a deleted session', () => {
  test('are removed with it, and none comes after them', async () => {
    const { stack } = use()
    const [session, other] = [await createSession(use()), await createSession(use())]
    for (const id of [session, other]) await turn(stack.sdk, id, message('x'.repeat(100_000)))
    const [key = ''] = await stack.blobs.list(session)
    await stack.sdk.beta.sessions.delete(session)
    const done = async (): Promise<void> => undefined
    const ports: SweeperPorts = {
      sessions: stack.stores.sessions,
      log: stack.log,
      exclusively: async () => true,
      removeWorkflow: done,
      removeSandboxes: done,
      removeBlobs: (id) => stack.blobs.clear(id),
      lateBlobs: createLateBlobs({ blobs: stack.blobs, sessions: stack.stores.sessions }),
      removeSpareContents: async () => undefined,
      pruneIngress: done,
      archiveEnded: done,
      staffSessions: done,
      settleResources: done,
      warn: () => undefined,
    }
    await sweep(ports, Date.now())
    expect(await stack.blobs.list(session)).toEqual([])
    const late = createGuardedBlobs(stack.blobs, stack.stores.sessions).put(session, key, Buffer.of(1))
    await expect(late).rejects.toThrow(SessionBuried)
    expect(await stack.blobs.list(session)).toEqual([])

    // One that came while nobody could read that its session was deleted.
    await stack.blobs.put(session, key, Buffer.of(1))
    await sweep(ports, Date.now() + 60 * 60_000)
    expect(await stack.blobs.list(session)).toEqual([])
    expect(await stack.blobs.list(other)).toContain(key)
  })
})
