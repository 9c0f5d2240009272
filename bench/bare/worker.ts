import { fileURLToPath } from 'node:url'
import { NativeConnection, Worker } from '@temporalio/worker'
import { announceReady, onSupervisorGone } from '../../src/dev/ready.ts'

/** Serves the bare workflow and its activity, with the limits of the session's own worker that bear on speed. */
async function main(address: string): Promise<void> {
  const connection = await NativeConnection.connect({ address })
  const worker = await Worker.create({
    connection,
    taskQueue: 'bare',
    workflowsPath: fileURLToPath(import.meta.resolve('./workflows.ts')),
    activities: { answer: async () => undefined },
    maxCachedWorkflows: 500,
    maxConcurrentActivityTaskExecutions: 200,
    stickyQueueScheduleToStartTimeout: '1 second',
  })
  onSupervisorGone(() => process.kill(process.pid, 'SIGTERM'))
  announceReady()
  await worker.run()
  await connection.close()
}

await main(process.argv[2] ?? '')
