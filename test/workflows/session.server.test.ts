import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SessionInput, Verdict } from '../../src/workflows/messages.ts'
import { ARCHIVE_UPDATE, CONFIGURE_UPDATE } from '../../src/workflows/messages.ts'
import { interrupt, message } from '../support/session-builders.ts'
import { temporalAddress, uniqueName } from '../support/temporal.ts'
import { buildBundle } from './bundle.ts'
import { answer, output, policy, send } from './steps.ts'
import type { Rig, RigSession } from './rig.ts'
import { startRig } from './rig.ts'

let rig: Rig

beforeAll(async () => {
  rig = await startRig({ address: temporalAddress(), bundle: await buildBundle(), prefix: uniqueName('session') })
})
afterAll(() => rig[Symbol.asyncDispose]())

const input: SessionInput = { configuration: { id: 'cfg_1', agentName: 'tester', policy } }

/** A session with the calls `sevt_a` and `sevt_b` under way. */
async function startCalling(): Promise<RigSession> {
  const session = await rig.start({ ...input, events: [message('sevt_1')] })
  await answer(session, {
    calls: [
      ['sevt_a', 'allow'],
      ['sevt_b', 'allow'],
    ],
  })
  await session.settle()
  return session
}

/** The texts of tool results, in log order, once workflow and history agree on everything. */
async function resultsOf(session: RigSession): Promise<readonly string[]> {
  await session.settle()
  const { shown } = await session.log()
  return shown.flatMap((event) => (event.type === 'agent.tool_result' ? [JSON.stringify(event.content)] : []))
}

const interrupted = expect.stringContaining('was interrupted')
const outputOf = (call: string): unknown => expect.stringContaining(`output of ${call}`)

describe('a session on a real server', () => {
  test('takes two results that end in one activation', async () => {
    const session = await startCalling()
    await rig.whileDown(async () => {
      await output(session, 'sevt_b')
      await output(session, 'sevt_a')
    })
    expect(await resultsOf(session)).toEqual([outputOf('sevt_b'), outputOf('sevt_a')])
    expect((await session.settle()).phase).toBe('model')
  })

  test('keeps a result that stands before an interrupt in the same activation, and closes the other call', async () => {
    const session = await startCalling()
    await rig.whileDown(async () => {
      await output(session, 'sevt_b')
      await send(session, interrupt('sevt_2'))
    })
    expect(await resultsOf(session)).toEqual([outputOf('sevt_b'), interrupted])
    expect((await session.settle()).status).toBe('idle')
  })

  test('keeps a result that stands behind the interrupt but before its cancellation', async () => {
    const session = await startCalling()
    await rig.whileDown(async () => {
      await send(session, interrupt('sevt_2'))
      await output(session, 'sevt_a')
    })
    expect(await resultsOf(session)).toEqual([outputOf('sevt_a'), interrupted])
  })

  test('takes no result that comes after the cancellation, whether a task runs then or not', async () => {
    const session = await startCalling()
    await session.together(async () => send(session, interrupt('sevt_2')))
    await session.settle()
    await output(session, 'sevt_a')
    await session.together(() => output(session, 'sevt_b'))
    expect(await resultsOf(session)).toEqual([interrupted, interrupted])
  })

  test('starts a turn that a message behind the interrupt asks for', async () => {
    const session = await startCalling()
    await rig.whileDown(async () => {
      await output(session, 'sevt_a')
      await send(session, interrupt('sevt_2'), message('sevt_3'))
      await output(session, 'sevt_b')
    })
    expect(await resultsOf(session)).toEqual([outputOf('sevt_a'), outputOf('sevt_b')])
    expect(await session.settle()).toMatchObject({ status: 'running', phase: 'model', queue: [] })
  })

  test('has every update answered by the loop, in the task that decides it', async () => {
    const session = await startCalling()
    const archive = () => session.handle.executeUpdate<Verdict, []>(ARCHIVE_UPDATE)
    expect(await archive()).toEqual({ refused: expect.stringContaining('is running') })
    await session.handle.executeUpdate(CONFIGURE_UPDATE, { args: [{ title: 'renamed' }] })
    await send(session, interrupt('sevt_2'))
    await session.settle()
    expect(await archive()).toEqual({ refused: null })
    expect(await session.settle()).toMatchObject({ status: 'terminated', archived: true, title: 'renamed' })
    expect((await session.handle.describe()).status.name).toBe('COMPLETED')
  })

  test('says that its first activity failed, and ends', async () => {
    const session = await rig.start({ agent: {}, events: [message(undefined)] })
    await (await session.begun('open')).fail('model: expected a name')
    await session.handle.result()
    const { shown } = await session.log()
    expect(shown.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['session.error', 'session.status_terminated']),
    )
    expect(JSON.stringify(shown)).toContain('client: model: expected a name')
  })

  test.each([
    ['store: it has been away for 15 minutes', 'store: it has been away for 15 minutes'],
    ['out of memory', 'harness: the model call failed: out of memory'],
  ])('says which part failed when its model call does: %s', async (words, told) => {
    const session = await rig.start({ ...input, events: [message('sevt_1')] })
    const { request } = await session.settle()
    await (await session.begun(request ?? '')).fail(words)
    await session.settle()
    const { shown } = await session.log()
    const errors = shown.flatMap((event) => (event.type === 'session.error' ? [event.error.message] : []))
    expect(errors).toEqual([told])
  })

  test('does something in every run, although its limits are less than a run begins with', async () => {
    const nothing = { ...policy, run: { events: 1, signals: 1, bytes: 1 } }
    const session = await rig.start({ configuration: { id: 'cfg_1', agentName: 'tester', policy: nothing } })
    await session.settle()
    await send(session, message('sevt_1'))
    await answer(session, { text: 'Hi.' })
    expect(await session.settle()).toMatchObject({ status: 'idle', stop: { type: 'end_turn' } })
    // One begins, one waits for the message, one asks the model, one waits again.
    expect(await session.histories()).toHaveLength(4)
  })

  test('refuses a workflow id that is no session’s', async () => {
    const foreign = await rig.start(input, uniqueName('not-a-session'))
    await expect(foreign.handle.result()).rejects.toMatchObject({
      cause: { message: expect.stringContaining('workflow id matches'), nonRetryable: true },
    })
  })
})
