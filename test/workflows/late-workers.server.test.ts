import { CompleteAsyncError, Context } from '@temporalio/activity'
import { NativeConnection, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ExecuteCall, Recorded } from '../../src/activities/index.ts'
import { handsQueue } from '../../src/workflows/options.ts'
import { testCodecs } from '../support/codecs.ts'
import { interrupt, message, resultEntry } from '../support/session-builders.ts'
import { temporalAddress, uniqueName } from '../support/temporal.ts'
import { buildBundle } from './bundle.ts'
import type { Rig, RigSession } from './rig.ts'
import { startRig } from './rig.ts'
import { answer, configuration, send } from './steps.ts'

const SESSIONS = 8
const POLL = { timeout: 20_000, interval: 50 }
const prefix = uniqueName('late')
let rig: Rig
let connection: NativeConnection

beforeAll(async () => {
  const address = temporalAddress()
  rig = await startRig({ address, bundle: await buildBundle(), prefix, hands: false })
  connection = await NativeConnection.connect({ address })
})
afterAll(async () => {
  await rig[Symbol.asyncDispose]()
  await connection.close()
})

/** A worker of the hands that attaches now, and leaves with the block. */
async function attach(execute: (input: ExecuteCall) => Promise<Recorded>): Promise<AsyncDisposable> {
  const worker = await Worker.create({
    connection,
    namespace: 'default',
    taskQueue: handsQueue(`${prefix}-brain`),
    activities: { execute },
    dataConverter: { payloadCodecs: [...testCodecs()] },
    shutdownGraceTime: 0,
  })
  const running = worker.run()
  return {
    async [Symbol.asyncDispose]() {
      worker.shutdown()
      await running
    },
  }
}

/** A session whose call `sevt_a` is wanted; nobody asks for it. */
async function startWaiting(): Promise<RigSession> {
  const session = await rig.start({ configuration, events: [message('sevt_1')] })
  await answer(session, { calls: [['sevt_a', 'allow']] })
  await expect.poll(() => session.log().then(({ state }) => state.phase), POLL).toBe('tools')
  return session
}

async function giveUp(session: RigSession): Promise<void> {
  await send(session, interrupt('sevt_2'))
  await expect.poll(() => session.log().then(({ state }) => state.status), POLL).toBe('idle')
}

/** Runs the session's next call, which the queue holds behind the first one. */
async function callNext(session: RigSession): Promise<void> {
  await send(session, message('sevt_3'))
  await answer(session, { calls: [['sevt_b', 'allow']] })
  await expect.poll(() => session.log().then(({ state }) => state.phase), POLL).toBe('model')
}

async function cancelledIn(session: RigSession): Promise<number> {
  const events = (await session.histories()).flatMap((history) => history.events ?? [])
  return events.filter((event) => event.activityTaskCanceledEventAttributes).length
}

const done = async ({ call }: ExecuteCall): Promise<Recorded> => ({ entries: [resultEntry(call.id)] })

describe('a worker that attaches later', () => {
  test('does not run a call that was interrupted before anybody asked for it', async () => {
    const sessions = await Promise.all(Array.from({ length: SESSIONS }, startWaiting))
    await Promise.all(sessions.map(giveUp))
    const ran: ExecuteCall[] = []
    await using _ = await attach((input) => {
      ran.push(input)
      return done(input)
    })
    await Promise.all(sessions.map(callNext))
    const told = ran.map(({ call, abandoned }) => `${call.id} behind ${abandoned.join()}`)
    expect(told).toEqual(Array(SESSIONS).fill('sevt_b behind sevt_a'))
    expect(await Promise.all(sessions.map(cancelledIn))).toEqual(Array(SESSIONS).fill(1))
    console.info(`late workers: n = ${SESSIONS} interrupted calls, ${ran.length - SESSIONS} ran`)
  })

  test('does not run a call again that was interrupted after its worker had died', async () => {
    const session = await startWaiting()
    const begun: number[] = []
    {
      // It says that the end will be told from elsewhere, and no beat ever comes.
      await using _ = await attach(async () => {
        begun.push(Context.current().info.attempt)
        throw new CompleteAsyncError()
      })
      await expect.poll(() => begun, POLL).toEqual([1])
    }
    const attempts = async (): Promise<number> => {
      const { pendingActivities } = (await session.handle.describe()).raw
      return pendingActivities?.[0]?.attempt ?? 0
    }
    await expect.poll(attempts, POLL).toBe(2)
    await giveUp(session)
    const ran: string[] = []
    await using _ = await attach((input) => {
      ran.push(input.call.id)
      return done(input)
    })
    await callNext(session)
    expect(ran).toEqual(['sevt_b'])
    expect(await cancelledIn(session)).toBe(1)
  })
})
