import type { ApiContext, WorkTimes } from './api/context.ts'
import { openWorkFeed } from './api/work-feed.ts'
import type { CallerStores } from './callers.ts'
import { createCallers } from './callers.ts'
import type { Notifier } from './store/postgres/notify.ts'
import { workChannel } from './store/postgres/work-claim.ts'
import { after } from './wire/after.ts'

interface WorkPortOptions {
  readonly stores: CallerStores
  readonly notifier: Notifier
  readonly workTimes: WorkTimes
}

/** What an api needs for the workers of self-hosted environments, beside the queue. */
export async function openWorkPorts({
  stores,
  notifier,
  workTimes,
}: WorkPortOptions): Promise<Pick<ApiContext, 'callers' | 'workFeed' | 'workTimes'>> {
  const subscribe = (handler: (environmentId: string) => void) => notifier.subscribe(workChannel, handler)
  return { callers: createCallers(stores), workFeed: await openWorkFeed({ subscribe, after }), workTimes }
}
