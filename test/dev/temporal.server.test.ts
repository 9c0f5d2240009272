import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { describe, expect, test } from 'vitest'
import { cacheFolder } from '../../src/config.ts'
import { findFreePorts } from '../../src/dev/ports.ts'
import { Supervisor } from '../../src/dev/supervisor.ts'
import { findTemporalBinary, temporalProcess } from '../../src/dev/temporal.ts'
import { temporaryFolder } from '../support/programs.ts'

const dayInSeconds = 24 * 60 * 60

describe('a Temporal dev server', () => {
  test('is ready with its UI and 30 days of retention, and keeps workflows over a restart', async () => {
    const folder = await temporaryFolder()
    const { port, uiPort } = await findFreePorts(['port', 'uiPort'])
    const database = join(folder, 'temporal.db')
    const binary = await findTemporalBinary(cacheFolder(process.env))
    const spec = temporalProcess({ binary, database, port, uiPort, logFile: join(folder, 'log'), env: process.env })
    const address = `127.0.0.1:${port}`
    {
      await using supervisor = new Supervisor()
      await supervisor.start(spec)
      const connection = await Connection.connect({ address })
      const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' })
      expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * dayInSeconds)
      await new Client({ connection }).workflow.start('anything', { taskQueue: 'none', workflowId: 'kept' })
      await connection.close()
      const page = await fetch(`http://127.0.0.1:${uiPort}/`)
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html'])
    }
    await using supervisor = new Supervisor()
    await supervisor.start(spec)
    const connection = await Connection.connect({ address })
    const { status } = await new Client({ connection }).workflow.getHandle('kept').describe()
    await connection.close()
    expect(status.name).toBe('RUNNING')
  })
})
