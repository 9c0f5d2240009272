import { expect, onTestFinished, test } from 'vitest'
import { createEndedRuns } from '../../src/activities/ended-runs.ts'
import type { EndedRun } from '../../src/activities/ended-runs.ts'
import { openTemporalClient } from '../../src/history/client.ts'
import { createNamespace, temporalAddress } from '../support/temporal.ts'

test('a list of ended runs has those of sessions that ended since a moment, page by page', async () => {
  const namespace = await createNamespace()
  const client = await openTemporalClient({
    connection: { address: temporalAddress() },
    namespace,
    codecs: [],
    identity: 'test',
  })
  onTestFinished(() => client.connection.close())
  const ended = createEndedRuns(client.workflow, 'session')
  const start = async (type: string, workflowId: string): Promise<EndedRun & { end(): Promise<unknown> }> => {
    const handle = await client.workflow.start(type, { taskQueue: 'nobody', workflowId })
    return { session: workflowId, id: handle.firstExecutionRunId, end: () => handle.terminate('test') }
  }
  async function listAll(since: Date | null): Promise<readonly string[]> {
    const found: EndedRun[] = []
    let next: Uint8Array | null = null
    do {
      const page = await ended.list(since, next)
      found.push(...page.runs)
      next = page.next
    } while (next)
    return found.map(({ session, id }) => `${session} ${id}`).toSorted()
  }

  const n = 130
  const sessions = await Promise.all(Array.from({ length: n }, (_, i) => start('session', `sesn_${i}`)))
  const twice = await (await start('session', 'sesn_twice')).end().then(() => start('session', 'sesn_twice'))
  await start('session', 'sesn_running')
  await (await start('other', 'other')).end()
  await Promise.all([...sessions, twice].map((run) => run.end()))

  await expect.poll(async () => (await listAll(null)).length).toBe(n + 2)
  const all = await listAll(null)
  expect(all).toEqual(expect.arrayContaining(sessions.map(({ session, id }) => `${session} ${id}`)))
  expect(all.filter((run) => run.startsWith('sesn_twice'))).toHaveLength(2)
  expect((await ended.list(null, null)).runs).toHaveLength(100)
  expect(await listAll(new Date(Date.now() - 60_000))).toEqual(all)
  expect(await listAll(new Date(Date.now() + 60_000))).toEqual([])
})
