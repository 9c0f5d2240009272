import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Connection } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import { inject } from 'vitest'

/** Address of the Temporal server of the run (`global-setup.ts`). */
export function temporalAddress(): string {
  return inject('temporalAddress')
}

/** A task queue or workflow id that no other test uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`
}

/** Registers a namespace of its own and resolves with its name once workflows can be started in it. */
export async function createNamespace(): Promise<string> {
  const namespace = uniqueName('test')
  const connection = await Connection.connect({ address: temporalAddress() })
  try {
    const { workflowService } = connection
    await workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: msToTs('1 day') })
    // The server's caches learn of it a moment later.
    const isKnown = () =>
      workflowService.listWorkflowExecutions({ namespace, pageSize: 1 }).then(
        () => true,
        () => false,
      )
    while (!(await isKnown())) await delay(20)
  } finally {
    await connection.close()
  }
  return namespace
}
