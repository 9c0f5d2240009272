import { describe, expect, test } from 'vitest'
import { createQueueWork } from '../../src/activities/queue-work.ts'
import type { WorkInvitation } from '../../src/store/work.ts'

describe('the activity that invites a worker', () => {
  test('makes an item under an id of its own, whatever comes of it', async () => {
    const made: WorkInvitation[] = []
    const { queueWork } = createQueueWork({
      enqueue: async (invitation) => {
        made.push(invitation)
        return null
      },
    })
    await queueWork({ session: 'sesn_1' })
    await queueWork({ session: 'sesn_1' })
    expect(made).toMatchObject([{ sessionId: 'sesn_1' }, { sessionId: 'sesn_1' }])
    expect(new Set(made.map(({ id }) => id)).size).toBe(2)
    expect(made[0]?.id).toMatch(/^work_/)
  })

  test('fails when the queue does, to be tried again', async () => {
    const { queueWork } = createQueueWork({ enqueue: () => Promise.reject(new Error('away')) })
    await expect(queueWork({ session: 'sesn_1' })).rejects.toThrow('away')
  })
})
