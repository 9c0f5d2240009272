import type { WorkQueue } from '../store/work.ts'
import { mintId } from '../wire/mint.ts'
import type { SessionActivities } from './index.ts'

/** Invites a worker to a self-hosted session. Done again it changes nothing while the invitation stands. */
export function createQueueWork({ enqueue }: Pick<WorkQueue, 'enqueue'>): Pick<SessionActivities, 'queueWork'> {
  return {
    async queueWork({ session }) {
      await enqueue({ sessionId: session, id: mintId('work') })
    },
  }
}
