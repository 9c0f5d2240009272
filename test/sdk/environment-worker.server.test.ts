import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { createStaffSweep } from '../../src/activities/staff-sweep.ts'
import { openCuttingProxy } from '../support/cutting-proxy.ts'
import { silentLog } from '../support/silent-log.ts'
import { bash, listAll, only, program, saidIn } from './drive.ts'
import { findWorkerNode } from './environment-worker.ts'
import { soon } from './own-place.ts'
import { createCautiousAgent, edit, look, waitingIn } from './settled-calls.ts'
import { useStack } from './use-stack.ts'
import { expectSound, isDone, isStop, openWorkshop, ranOnce, release, resultsIn, runUntil, runs } from './workshop.ts'

const LEASE_MS = 4_000
const IDLE_MS = 1_500
const LIMIT_MS = 120_000

const node = await findWorkerNode()
/** Every session here lives through several runs. */
const use = useStack({
  apis: 2,
  workTimes: { lease: LEASE_MS, idle: IDLE_MS },
  policy: { run: { events: 40, signals: 1000, bytes: 2 ** 21 } },
})
let agent = ''
beforeAll(async () => {
  agent = await createCautiousAgent(use())
})

/** Invites workers again to sessions whose worker left, as the sweeper of a worker process does. */
function sweep(): Promise<void> {
  const { stores, log } = use().stack
  return createStaffSweep({ work: stores.work, log, warn: silentLog.warn })(Date.now())
}

describe.skipIf(node === null)('the SDK’s own worker', { timeout: LIMIT_MS }, () => {
  test('serves a session to its end, as it is told to', async () => {
    const { sdk } = use().stack
    const workshop = await openWorkshop({ ...use(), agent }, node ?? '')
    const write = (file_path: string) => `TOOL write ${JSON.stringify({ file_path, content: 'written' })}`
    const { session, recording } = await workshop.begin(
      'PARALLEL 4',
      bash('echo hello > a.txt; cat a.txt; pwd'),
      bash('(exit 3)'),
      bash("printf 'x\\0y\\n'"),
      look('word'),
      'PARALLEL 2',
      write('b.txt'),
      write('c.txt'),
      edit('a.txt #deny'),
      `TOOL read {"file_path":"b.txt"}`,
      'SAY done',
    )
    await recording.untilSo((events) => waitingIn(events).length === 4)
    const worker = workshop.work({ looksUp: true, maxIdleMs: 500 })
    await recording.untilSo((events) => waitingIn(events).length === 2 && resultsIn(events).length === 4)
    const [first = '', second = ''] = waitingIn(recording.events)
    await sdk.beta.sessions.events.send(session, {
      events: [
        { type: 'user.tool_confirmation', tool_use_id: first, result: 'allow' },
        { type: 'user.tool_confirmation', tool_use_id: second, result: 'deny', deny_message: 'not this one' },
      ],
    })
    await recording.untilSo(isDone)
    expect(saidIn(recording.events)).toEqual(['done'])
    expect(resultsIn(recording.events)).toEqual([
      expect.stringContaining('user.tool_result ["hello'),
      expect.stringContaining('user.tool_result ["exit 3'),
      expect.stringContaining('user.tool_result ["x\u{FFFD}y'),
      'user.custom_tool_result ["word means 4","image"]',
      expect.stringMatching(/^user.tool_result \["wrote/),
      'user.tool_result ["not this one"]',
      expect.stringContaining('agent.tool_result ["Permission to use edit'),
      'user.tool_result ["written"]',
    ])
    await expect(readFile(join(workshop.workdir, 'c.txt'))).rejects.toThrow('ENOENT')
    await worker.until(isStop)
    const sent = worker.requests.toSorted((one, other) => one.nth - other.nth)
    const order = sent.map(({ path }) => path.split('/').at(-1)).filter((word) => word !== 'poll')
    expect(order.slice(0, 2)).toEqual(['ack', 'heartbeat'])
    expect(order.indexOf(session)).toBeGreaterThan(1)
    expect(worker.requests.filter(({ status }) => status >= 400)).toEqual([])
    await expectSound(use(), session)
    worker.signal('SIGTERM')
    expect(await worker.ended).toBe(0)
  })

  test('is followed by another one when it is killed in the middle of a call, whose result counts once', async () => {
    const workshop = await openWorkshop({ ...use(), agent }, node ?? '')
    const { session, recording } = await workshop.begin(runUntil(2), 'SAY done')
    const first = workshop.work()
    await ranOnce(workshop)
    first.signal('SIGKILL')
    await first.ended
    const second = workshop.work({ url: use().stack.urls[1] ?? '' })
    await recording.untilSo(isDone)
    expect(resultsIn(recording.events)).toEqual([expect.stringContaining('after 2')])
    expect(await runs(workshop)).toBe(2)
    expect(saidIn(recording.events)).toEqual(['done'])
    const [item] = await workshop.items()
    expect(item).toMatchObject({ data: { id: session } })
    expect(second.requests.filter(({ status }) => status >= 400)).toEqual([])
    await expectSound(use(), session)
  })

  test('lets go of what it has lost to another one while it slept, and stops nothing', async () => {
    const workshop = await openWorkshop({ ...use(), agent }, node ?? '')
    const { session, recording } = await workshop.begin(runUntil(2), 'SAY done')
    const first = workshop.work()
    await ranOnce(workshop)
    first.signal('SIGSTOP')
    workshop.work()
    await recording.untilSo(isDone)
    first.signal('SIGCONT')
    await first.until(({ path, status }) => path.endsWith('/heartbeat') && status === 412)
    expect(first.requests.filter(isStop)).toEqual([])
    expect(resultsIn(await listAll(use().stack.sdk, session))).toEqual([expect.stringContaining('after 2')])
    await expectSound(use(), session)
  })

  test('leaves a call open when it is ended, for the next one that is invited', async () => {
    const workshop = await openWorkshop({ ...use(), agent }, node ?? '')
    const { session, recording } = await workshop.begin(runUntil(2), 'SAY done')
    const first = workshop.work()
    await ranOnce(workshop)
    first.signal('SIGTERM')
    expect(await first.ended).toBe(0)
    expect(await workshop.items()).toMatchObject([{ state: 'stopped' }])
    await sweep()
    expect(await workshop.items()).toMatchObject([{ state: 'queued' }, { state: 'stopped' }])
    workshop.work()
    await recording.untilSo(isDone)
    expect(resultsIn(recording.events)).toEqual([expect.stringContaining('after 2')])
    await expectSound(use(), session)
  })

  test('is stopped from outside within a heartbeat, and comes back when a client speaks, for nothing that is closed', async () => {
    const { sdk } = use().stack
    const workshop = await openWorkshop({ ...use(), agent }, node ?? '')
    const { session, recording } = await workshop.begin(runUntil(2), 'SAY done')
    const worker = workshop.work()
    await ranOnce(workshop)
    const [item] = await workshop.items()
    await sdk.beta.environments.work.stop(item?.id ?? '', { environment_id: workshop.environment })
    await worker.until(isStop)
    await release(workshop)
    await soon(async () => (await workshop.items())[0]?.state === 'stopped')
    await sweep()
    expect(await workshop.items()).toHaveLength(1)
    await sdk.beta.sessions.events.send(session, { events: [{ type: 'user.interrupt' }] })
    await recording.untilSo(isDone)
    await worker.until(isStop, 2)
    expect(await workshop.items()).toMatchObject([{ state: 'stopped' }, { state: 'stopped' }])
    expect(await runs(workshop)).toBe(1)
    await expectSound(use(), session)
  })

  test('runs nothing that was interrupted before it came, and is let go', async () => {
    const { sdk } = use().stack
    const workshop = await openWorkshop({ ...use(), agent }, node ?? '')
    const write = 'TOOL write {"file_path":"b.txt","content":"written"}'
    const { session, recording } = await workshop.begin('PARALLEL 4', runUntil(9), write, look('word'), bash('touch d'))
    const first = workshop.work()
    await ranOnce(workshop)
    first.signal('SIGKILL')
    await recording.untilSo((events) => waitingIn(events).length === 4)
    await sdk.beta.sessions.events.send(session, { events: [{ type: 'user.interrupt' }] })
    await recording.untilSo(isDone)
    await release(workshop)
    const second = workshop.work({ looksUp: true })
    await second.until(isStop)
    expect(second.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/events'))).toEqual([])
    expect(await runs(workshop)).toBe(1)
    await expectSound(use(), session)
  })

  test('is let go of sessions that have nothing for it, and invited again when they have', async () => {
    const { sdk } = use().stack
    const workshop = await openWorkshop({ ...use(), agent }, node ?? '')
    const { session, recording } = await workshop.begin()
    const worker = workshop.work()
    await worker.until(isStop)
    expect(await workshop.items()).toMatchObject([{ state: 'stopped' }])
    await sdk.beta.sessions.events.send(session, { events: [program(bash('echo here'), 'SAY done')] })
    await recording.untilSo(isDone)
    expect(resultsIn(recording.events)).toEqual(['user.tool_result ["here"]'])
    expect(await workshop.items()).toHaveLength(2)
    await worker.until(isStop, 2)
  })

  test('is let go of a session whose searches look like calls that nobody has answered', async () => {
    const workshop = await openWorkshop({ ...use(), agent }, node ?? '')
    const { recording } = await workshop.begin('SEARCH {"query":"tides"}', 'SAY done')
    await recording.untilSo(isDone)
    const worker = workshop.work()
    await worker.until(isStop)
    expect(only(recording.events, 'agent.tool_use')).toHaveLength(1)
    expect(await workshop.items()).toMatchObject([{ state: 'stopped' }])
  })

  test('serves one session after the other', async () => {
    const workshop = await openWorkshop({ ...use(), agent }, node ?? '')
    const one = await workshop.begin(bash('echo one'), 'SAY done')
    const two = await workshop.begin(bash('echo two'), 'SAY done')
    workshop.work({ maxIdleMs: 200 })
    await Promise.all([one, two].map(({ recording }) => recording.untilSo(isDone)))
    expect(resultsIn(one.recording.events)).toEqual(['user.tool_result ["one"]'])
    expect(resultsIn(two.recording.events)).toEqual(['user.tool_result ["two"]'])
  })

  test('ends with a session that is archived', async () => {
    const { sdk } = use().stack
    const workshop = await openWorkshop({ ...use(), agent }, node ?? '')
    const { session } = await workshop.begin(runUntil(2), 'SAY done')
    const worker = workshop.work()
    await ranOnce(workshop)
    await sdk.beta.sessions.archive(session)
    await worker.until(isStop)
    expect(await workshop.items()).toMatchObject([{ state: 'stopped' }])
    await release(workshop)
    expect(await runs(workshop)).toBe(1)
  })

  test('ends for good when its key is revoked', async () => {
    const workshop = await openWorkshop({ ...use(), agent }, node ?? '')
    const worker = workshop.work()
    await worker.until(({ path }) => path.endsWith('/poll'))
    await use().stack.stores.environmentKeys.revoke(workshop.keyId, new Date())
    expect(await worker.ended).not.toBe(0)
    expect(worker.requests.at(-1)).toMatchObject({ status: 401 })
  })

  test('runs no call twice however often its connections break', async () => {
    const workshop = await openWorkshop({ ...use(), agent }, node ?? '')
    await using proxy = await openCuttingProxy(use().stack.urls[0] ?? '')
    const calls = Array.from({ length: 6 }, (_, index) => bash(`echo run >> ledger; echo ${index}`))
    const { session, recording } = await workshop.begin(...calls, 'SAY done')
    workshop.work({ url: proxy.url })
    for (let ran = 1; ran < calls.length; ran++) {
      await vi.waitFor(async () => expect(await runs(workshop)).toBeGreaterThanOrEqual(ran), { timeout: 60_000 })
      proxy.cutNext(ran * 40)
    }
    await recording.untilSo(isDone)
    expect(await runs(workshop)).toBe(calls.length)
    expect(resultsIn(recording.events)).toEqual(calls.map((_, index) => `user.tool_result ["${index}"]`))
    await expectSound(use(), session)
  })
})
