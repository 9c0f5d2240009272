import { condition, defineUpdate, proxyActivities, setHandler } from '@temporalio/workflow'
import type { CanaryActivities } from '../activities/index.ts'
import { CANARY_STEP } from './messages.ts'

/** Takes steps for whoever measures the cluster: each update is one activity, there and back. Ends after a minute. */
export async function canary(): Promise<void> {
  const { ping } = proxyActivities<CanaryActivities>({ startToCloseTimeout: '10 seconds', summary: 'canary' })
  setHandler(defineUpdate<void>(CANARY_STEP), () => ping())
  await condition(() => false, '1 minute')
}
