import { describe, expect, test } from 'vitest'
import { findWorkerNode } from './environment-worker.ts'
import { useStack } from './use-stack.ts'
import type { WorkerRequest } from './worker-program.ts'
import { isStop, openWorkshop, ranOnce, release, runUntil, runs } from './workshop.ts'

const node = await findWorkerNode()
const use = useStack()

const isPoll = ({ path }: WorkerRequest): boolean => path.endsWith('/poll')

describe.skipIf(node === null)('the SDK’s own worker', { timeout: 120_000 }, () => {
  test('ends with a session that is deleted, and goes on polling', async () => {
    const workshop = await openWorkshop(use(), node ?? '')
    const { session } = await workshop.begin(runUntil(2), 'SAY done')
    const worker = workshop.work()
    await ranOnce(workshop)
    await use().stack.sdk.beta.sessions.delete(session)
    await worker.until(isStop)
    const polls = worker.requests.filter(isPoll).length
    await worker.until(isPoll, polls + 1)
    await release(workshop)
    expect(await runs(workshop)).toBe(1)
  })

  test('stops an item whose session has ended before it came, without a look at its events', async () => {
    const { sdk, database } = use().stack
    const workshop = await openWorkshop(use(), node ?? '')
    const { session } = await workshop.begin()
    await expect.poll(async () => (await workshop.items()).length).toBe(1)
    await sdk.beta.sessions.archive(session)
    // As if it had been archived a moment later than it was polled for.
    const waiting = { state: 'queued', stopped_at: null, stop_requested_at: null, stopped_by: null } as const
    await database.updateTable('work_items').set(waiting).where('session_id', '=', session).execute()
    const worker = workshop.work()
    await worker.until(isStop)
    const asked = worker.requests.map(({ path }) => path.split('/').at(-1))
    // Its first heartbeat may be given up before its answer.
    const others = asked.filter((word) => word !== 'poll' && word !== 'heartbeat')
    expect(others).toEqual(['ack', session, 'stop'])
    expect(await workshop.items()).toMatchObject([{ state: 'stopped' }])
  })
})
