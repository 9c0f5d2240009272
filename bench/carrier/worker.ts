import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker'
import { announceReady, onSupervisorGone } from '../../src/dev/ready.ts'
import { createActivities } from './activities.ts'

/** Serves both task queues in one process: model calls beside the workflows (dispatched eagerly), tools on `hands`. */
async function main(address: string): Promise<void> {
  const workflowsPath = fileURLToPath(import.meta.resolve('./workflows.ts'))
  const workflowBundle = await bundleWorkflowCode({ workflowsPath })
  const connection = await NativeConnection.connect({ address })
  const activities = createActivities()
  const limits = {
    stickyQueueScheduleToStartTimeout: '1 second',
    maxHeartbeatThrottleInterval: '500 milliseconds',
  } as const
  const brain = await Worker.create({ ...limits, connection, taskQueue: 'brain', workflowBundle, activities })
  const hands = await Worker.create({ ...limits, connection, taskQueue: 'hands', activities })
  onSupervisorGone(() => process.kill(process.pid, 'SIGTERM'))
  announceReady()
  await Promise.all([brain.run(), hands.run()])
  await connection.close()
}

await main(process.argv[2] ?? '')
