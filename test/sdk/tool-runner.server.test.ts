import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { beforeAll, describe, expect, test } from 'vitest'
import { faultsOfLog } from '../support/log-grammar.ts'
import { createSession, listAll, only, program, record, saidIn } from './drive.ts'
import { LOOKUP, createCautiousAgent, look, untilWaiting, waitingIn, write } from './settled-calls.ts'
import { useStack } from './use-stack.ts'

/** Runs of some twenty events: every session here lives through several. */
const use = useStack({ policy: { run: { events: 20, signals: 1000, bytes: 2 ** 21 } } })
let agent = ''
beforeAll(async () => {
  agent = await createCautiousAgent(use())
})

/** The tool that the agents call `lookup`, as a program for the official tool runner has it. */
function lookup(find: (word: string) => Promise<string> | string) {
  const { name, description } = LOOKUP
  return betaTool({
    name,
    description,
    inputSchema: { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] },
    run: ({ word }) => find(word),
  })
}

type Tool = ReturnType<typeof lookup>

/** A session that has begun with these lines of a program. */
async function begin(...lines: string[]): Promise<string> {
  const session = await createSession({ ...use(), agent })
  await use().stack.sdk.beta.sessions.events.send(session, { events: [program(...lines)] })
  return session
}

/** Runs the SDK's own runner, with nothing in it replaced, until the session's turn has ended. */
async function runTools(session: string, tools: Tool[]) {
  const quiet = use().stack.sdk.withOptions({ logLevel: 'off' })
  const calls: { name: string; isError: boolean; posted: boolean; confirmation: 'allow' | 'deny' | undefined }[] = []
  for await (const call of quiet.beta.sessions.events.toolRunner(session, { tools, maxIdleMs: 200 })) {
    const { name, isError, posted, confirmation } = call
    calls.push({ name, isError, posted, confirmation })
  }
  return calls
}

const DONE = { name: 'lookup', isError: false, posted: true, confirmation: undefined }

async function expectSound(session: string): Promise<void> {
  expect(faultsOfLog(await listAll(use().stack.sdk, session), 'list')).toEqual([])
}

async function runsOf(session: string): Promise<number> {
  return (await use().stack.log.read(session)).run
}

describe('the SDK’s tool runner', () => {
  test('settles the custom calls of a session, those made together too, and ends with the turn', async () => {
    const { stack } = use()
    const seen: string[] = []
    const find = (word: string): string => {
      seen.push(word)
      if (word === 'bad') throw new Error('no such word')
      return `${word} means ${word.length}`
    }
    const session = await begin('PARALLEL 2', look('one'), look('three'), look('bad'), 'SAY done')
    expect(await runTools(session, [lookup(find)])).toEqual([DONE, DONE, { ...DONE, isError: true }])
    expect(seen.toSorted()).toEqual(['bad', 'one', 'three'])
    const listed = await listAll(stack.sdk, session)
    expect(saidIn(listed)).toEqual(['done'])
    expect(only(listed, 'session.status_idle').at(-1)?.stop_reason).toEqual({ type: 'end_turn' })
    const told = JSON.stringify(stack.model.requests.at(-1)?.body)
    for (const words of ['one means 3', 'three means 5', 'no such word']) expect(told).toContain(words)
    await expectSound(session)
  })

  test('goes on across runs that end while it works and while nobody works', async () => {
    const rounds = Array.from({ length: 8 }, (_, round) => look(`word ${round}`))
    const session = await begin(...rounds, 'SAY done')
    const waiting = await record(use().stack.sdk, session)
    await untilWaiting(waiting, 1)
    const calls = await runTools(session, [lookup((word) => word.toUpperCase())])
    expect(calls).toEqual(rounds.map(() => DONE))
    expect(await runsOf(session)).toBeGreaterThan(2)
    expect(saidIn(await listAll(use().stack.sdk, session))).toEqual(['done'])
    await expectSound(session)
  })

  test('goes on when the workers are gone while its tool works, and runs it once', async () => {
    const { stack } = use()
    let runs = 0
    const find = async (word: string): Promise<string> => {
      runs += 1
      await stack.restartWorkers()
      return word
    }
    const session = await begin(look('a'), look('b'), 'SAY done')
    expect(await runTools(session, [lookup(find)])).toEqual([DONE, DONE])
    expect(runs).toBe(2)
    expect(saidIn(await listAll(stack.sdk, session))).toEqual(['done'])
    await expectSound(session)
  })

  test('posts a result that counts while another runner’s for the same call is refused', async () => {
    const { stack } = use()
    const session = await begin(look('a'), 'SAY done')
    let posted = (): void => undefined
    const first = new Promise<void>((resolve) => (posted = resolve))
    const slow = runTools(session, [lookup(() => first.then(() => 'late'))])
    const recording = await record(stack.sdk, session)
    const fast = runTools(session, [lookup(() => 'early')])
    await recording.until('user.custom_tool_result')
    posted()
    expect(await fast).toEqual([DONE])
    expect(await slow).toEqual([{ ...DONE, posted: false }])
    const listed = await listAll(stack.sdk, session)
    expect(only(listed, 'user.custom_tool_result')).toMatchObject([{ content: [{ type: 'text', text: 'early' }] }])
    await expectSound(session)
  })

  test('holds a call that the client is asked about, and learns its verdict', async () => {
    const { stack, hands } = use()
    const session = await begin('PARALLEL 2', write('ok'), write('no'), look('x'), 'SAY done')
    const recording = await record(stack.sdk, session)
    const running = runTools(session, [lookup((word) => word)])
    const [yes = '', no = ''] = await untilWaiting(recording, 2)
    await stack.sdk.beta.sessions.events.send(session, {
      events: [
        { type: 'user.tool_confirmation', tool_use_id: yes, result: 'allow' },
        { type: 'user.tool_confirmation', tool_use_id: no, result: 'deny', deny_message: 'rather not' },
      ],
    })
    // Neither is a tool of the runner's own: it tells of them and leaves them to the server.
    expect(await running).toEqual([
      { name: 'write', isError: false, posted: false, confirmation: 'allow' },
      { name: 'write', isError: false, posted: false, confirmation: 'deny' },
      DONE,
    ])
    expect(hands.begun.map(({ command }) => command)).toEqual(['ok'])
    expect(waitingIn(await listAll(stack.sdk, session))).toEqual([])
    await expectSound(session)
  })
})
