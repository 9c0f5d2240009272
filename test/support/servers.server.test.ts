import { Client as TemporalClient, Connection } from '@temporalio/client'
import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { createDatabase } from './postgres.ts'
import { createNamespace, temporalAddress, uniqueName } from './temporal.ts'

describe('the servers of a test run', () => {
  test('give each test an empty database, and drop it afterwards', async () => {
    let url: string
    {
      await using first = await createDatabase()
      await using second = await createDatabase()
      await query(first.url, 'create table only_here (id int)')
      expect(await query(second.url, "select to_regclass('only_here') as found")).toEqual([{ found: null }])
      url = first.url
    }
    await expect(query(url, 'select 1')).rejects.toThrow('does not exist')
  })

  test('give each test a namespace in which workflows start at once', async () => {
    const namespace = await createNamespace()
    const connection = await Connection.connect({ address: temporalAddress() })
    const client = new TemporalClient({ connection, namespace })
    const workflowId = uniqueName('workflow')
    await client.workflow.start('anything', { taskQueue: uniqueName('queue'), workflowId })
    const { status } = await client.workflow.getHandle(workflowId).describe()
    await connection.close()
    expect(status.name).toBe('RUNNING')
  })
})

async function query(connectionString: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}
