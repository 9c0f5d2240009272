import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SessionInput } from '../../src/workflows/messages.ts'
import { ARCHIVE_UPDATE } from '../../src/workflows/messages.ts'
import { interrupt, message, toolResult } from '../support/session-builders.ts'
import { temporalAddress, uniqueName } from '../support/temporal.ts'
import { buildBundle } from './bundle.ts'
import type { Rig, RigSession } from './rig.ts'
import { startRig } from './rig.ts'
import { answer, policy, send } from './steps.ts'

let rig: Rig

beforeAll(async () => {
  rig = await startRig({ address: temporalAddress(), bundle: await buildBundle(), prefix: uniqueName('staffing') })
})
afterAll(() => rig[Symbol.asyncDispose]())

const configuration = { id: 'cfg_1', agentName: 'tester', policy: { ...policy, selfHosted: true as const } }
const input: SessionInput = { configuration }

/** Resolves once workers were invited so often, and no invitation is under way. */
async function invited(session: RigSession, times: number): Promise<void> {
  await expect.poll(() => session.invited()).toBe(times)
  await session.settle()
}

/** Its first call waits for a worker. */
async function startWaiting(): Promise<RigSession> {
  const session = await rig.start(input)
  await invited(session, 1)
  await send(session, message('sevt_1'))
  await answer(session, { selfHosted: true, calls: [['sevt_a', 'allow']] })
  await invited(session, 2)
  return session
}

describe('a self-hosted session on a real server', () => {
  test('has a worker invited when it begins and for what clients say, and for no result', async () => {
    const session = await startWaiting()
    await send(session, toolResult('sevt_2', 'sevt_a'))
    await answer(session, { text: 'Done.' })
    await session.settle()
    expect(session.invited()).toBe(2)
    await send(session, interrupt('sevt_3'))
    await invited(session, 3)
  })

  test('has one invited although an interrupt follows at once', async () => {
    const session = await startWaiting()
    session.refuseInvitations(2)
    await send(session, interrupt('sevt_2'))
    await send(session, interrupt('sevt_3'))
    await expect.poll(() => session.invited()).toBeGreaterThan(2)
    expect(await session.settle()).toMatchObject({ status: 'idle', calls: [] })
  })

  test('goes on while the queue is away, and hands over to its next run once it is back', async () => {
    const short = { ...configuration.policy, run: { events: 12, signals: 100, bytes: 2 ** 21 } }
    const session = await rig.start({ configuration: { ...configuration, policy: short } })
    await invited(session, 1)
    session.refuseInvitations(4)
    await send(session, message('sevt_1'))
    await answer(session, { selfHosted: true, calls: [['sevt_a', 'allow']] })
    await session.settle()
    await send(session, toolResult('sevt_2', 'sevt_a'))
    await answer(session, { text: 'Done.' })
    expect(await session.settle()).toMatchObject({ status: 'idle', stop: { type: 'end_turn' } })
    await expect.poll(() => session.invited()).toBe(2)
    const before = (await session.histories()).length
    await send(session, message('sevt_3'))
    await answer(session, { text: 'And done.' })
    await session.settle()
    expect((await session.histories()).length).toBeGreaterThan(before)
    expect(session.under()).toEqual([])
  })

  test('ends while the queue is away', async () => {
    const session = await startWaiting()
    session.refuseInvitations(1000)
    await send(session, interrupt('sevt_2'))
    await session.settle()
    await session.handle.executeUpdate(ARCHIVE_UPDATE)
    await session.handle.result()
    expect(session.invited()).toBe(2)
  })

  test('of another environment has nobody invited', async () => {
    const session = await rig.start({ configuration: { ...configuration, policy }, events: [message('sevt_1')] })
    await answer(session, { text: 'Hi.' })
    await session.settle()
    expect(session.invited()).toBe(0)
  })
})
