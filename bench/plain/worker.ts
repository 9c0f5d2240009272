import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { NativeConnection, Worker } from '@temporalio/worker'
import { announceReady, onSupervisorGone } from '../../src/dev/ready.ts'
import { toTask } from '../support/directive.ts'
import type { Block, PlainActivities } from './workflows.ts'

const activities: PlainActivities = {
  async callModel(messages) {
    const { blocks } = toTask({ messages }).turn
    const content = blocks.flatMap((block): Block[] => {
      if (block.type === 'text') return [block]
      return block.type === 'tool_use' ? [{ ...block, id: `toolu_${randomUUID()}` }] : []
    })
    return { role: 'assistant', content }
  },
  execute: async () => '(no output)',
}

/** Serves the plain agent; its model and its tools take no time. */
async function main(address: string): Promise<void> {
  const connection = await NativeConnection.connect({ address })
  const worker = await Worker.create({
    connection,
    taskQueue: 'plain',
    workflowsPath: fileURLToPath(import.meta.resolve('./workflows.ts')),
    activities,
  })
  onSupervisorGone(() => process.kill(process.pid, 'SIGTERM'))
  announceReady()
  await worker.run()
  await connection.close()
}

await main(process.argv[2] ?? '')
