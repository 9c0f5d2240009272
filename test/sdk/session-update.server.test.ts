import Anthropic from '@anthropic-ai/sdk'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Session, SessionAgent, SessionAgentUpdate, SessionEvent } from '../../src/wire/types.ts'
import { CONFIGURE_UPDATE } from '../../src/workflows/messages.ts'
import { openCuttingProxy } from '../support/cutting-proxy.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import {
  bash,
  collect,
  createSession,
  listAll,
  message,
  only,
  program,
  record,
  refused,
  saidIn,
  turn,
} from './drive.ts'
import { LOOKUP, look, untilWaiting } from './settled-calls.ts'
import { useStack } from './use-stack.ts'

const LOOKUP_ONLY: SessionAgentUpdate = { tools: [LOOKUP] }

const use = useStack({ apis: 2 })

function update(session: string, agent: SessionAgentUpdate, more: object = {}): Promise<Session> {
  return use().stack.sdk.beta.sessions.update(session, { ...more, agent })
}

function updatesIn(events: readonly SessionEvent[]) {
  return only(events, 'session.updated')
}

interface Asked {
  readonly tools?: readonly { readonly name: string }[]
  readonly tool_choice?: { readonly type: string }
}

/** Names of the tools that the model might call when it was last told these words. */
function offeredFor(words: string, stack = use().stack): readonly string[] {
  const request = stack.model.requests.findLast(({ bytes }) => bytes.includes(words))
  const { tools = [], tool_choice: choice } = (request?.body ?? {}) as Asked
  return choice?.type === 'none' ? [] : tools.map(({ name }) => name).toSorted()
}

function toolsOf(agent: Pick<SessionAgent, 'tools'> | null | undefined): readonly string[] {
  return (agent?.tools ?? []).map((tool) => (tool.type === 'custom' ? tool.name : tool.type))
}

describe('the agent of a session', () => {
  test('has other tools from the next turn on, in this session alone', async () => {
    const { stack, agent } = use()
    const { agents, sessions } = stack.sdk.beta
    const [stored, session, other] = [
      await agents.retrieve(agent),
      await createSession(use()),
      await createSession(use()),
    ]
    await turn(stack.sdk, session, program(bash('echo before'), 'SAY words before'))
    const builtIn = offeredFor('words before')
    expect(builtIn).toContain('bash')
    const before = await sessions.retrieve(session)

    const updated = await update(session, LOOKUP_ONLY)
    expect(updated.agent).toEqual({ ...before.agent, tools: [LOOKUP] })
    await turn(stack.sdk, session, program('SAY words after'))
    await turn(stack.sdk, other, program('SAY words elsewhere'))
    expect(offeredFor('words after')).toEqual(['lookup'])
    expect(offeredFor('words elsewhere')).toEqual(builtIn)

    expect(await agents.retrieve(agent)).toEqual(stored)
    expect((await sessions.retrieve(other)).agent).toEqual(before.agent)
    const listed = (await collect(sessions.list())).find(({ id }) => id === session)
    expect(listed?.agent).toEqual(updated.agent)
    expect(await collect(sessions.threads.list(session))).toMatchObject([{ agent: { tools: [LOOKUP] } }])
  })

  test('may lose every tool after it has used some', async () => {
    const { stack } = use()
    const session = await createSession(use())
    await turn(stack.sdk, session, program(bash('echo once'), 'SAY done'))
    expect((await update(session, { tools: [], mcp_servers: [] })).agent).toMatchObject({ tools: [], mcp_servers: [] })
    expect(saidIn(await turn(stack.sdk, session, program('SAY bare words')))).toEqual(['bare words'])
    expect(offeredFor('bare words')).toEqual([])
  })

  test('is told whole where it changed, with what else changed and nothing more, on streams and in lists', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const recording = await record(stack.sdk, session)
    const first = await update(session, LOOKUP_ONLY, { title: 'renamed' })
    await stack.sdk.beta.sessions.update(session, { metadata: { a: '1' } })
    await update(session, { tools: [] })
    await recording.until('session.updated', 3)
    const told = { id: expect.any(String), type: 'session.updated', processed_at: expect.any(String) }
    expect(recording.events).toEqual([
      { ...told, title: 'renamed', agent: first.agent },
      { ...told, metadata: { a: '1' } },
      { ...told, agent: { ...first.agent, tools: [] } },
    ])
    for (const client of stack.clients) expect(await listAll(client, session)).toEqual(recording.events)
    const thread = (await collect(stack.sdk.beta.sessions.threads.list(session)))[0]?.id ?? ''
    const events = await collect(stack.sdk.beta.sessions.threads.events.list(thread, { session_id: session }))
    expect(events).toEqual(recording.events)
  })

  test('that is changed to what it is leaves no word of it', async () => {
    const session = await createSession(use())
    const { agent } = await use().stack.sdk.beta.sessions.retrieve(session)
    await update(session, { tools: [{ type: 'agent_toolset_20260401' }] })
    await update(session, { mcp_servers: [] })
    await update(session, {})
    expect((await update(session, { tools: agent.tools })).agent).toEqual(agent)
    expect(await listAll(use().stack.sdk, session)).toEqual([])
  })

  test.each([
    ['running', 'SLEEP 600000', 'span.model_request_start'],
    ['rescheduling', 'FAIL 429 retry-after=3000 x9', 'session.status_rescheduled'],
  ] as const)('stays while the session is %s, and so does what comes with it', async (status, line, until) => {
    const { stack } = use()
    const { sessions } = stack.sdk.beta
    const session = await createSession(use())
    const recording = await record(stack.sdk, session)
    await sessions.events.send(session, { events: [program(line)] })
    await recording.until(until)
    const error = await refused(update(session, LOOKUP_ONLY, { title: 'never', metadata: { a: '1' } }))
    expect(error).toMatchObject({ status: 400, message: expect.stringContaining(`the session is ${status}`) })
    expect(await sessions.retrieve(session)).toMatchObject({ status, title: null, metadata: {} })
    expect(await sessions.update(session, { title: 'meanwhile' })).toMatchObject({ title: 'meanwhile' })
    await sessions.events.send(session, { events: [{ type: 'user.interrupt' }] })
    await recording.until('session.status_idle')
    expect(updatesIn(await listAll(stack.sdk, session)).map(({ title }) => title)).toEqual(['meanwhile'])
    expect(toolsOf((await update(session, LOOKUP_ONLY)).agent)).toEqual(['lookup'])
  })

  test.each<[string, object, RegExp]>([
    ['tools that do not fit', { tools: [LOOKUP, LOOKUP] }, /two custom tools/],
    [
      'servers that no tool uses',
      { mcp_servers: [{ type: 'url', name: 's', url: 'https://mcp.example.com' }] },
      /no mcp_toolset/,
    ],
    ['another model', { model: 'claude-haiku-4-5' }, /model/],
    ['another system prompt', { system: 'Be loud.' }, /system/],
    ['skills', { skills: [] }, /skills/],
    ['nothing that is a list', { tools: null }, /tools/],
  ])('is not changed to %s, nor is the title beside it', async (_, agent, reason) => {
    const { sdk } = use().stack
    const session = await createSession(use())
    const error = await refused(sdk.post(`/v1/sessions/${session}`, { body: { title: 'never', agent } }))
    expect(error).toMatchObject({ status: 400, message: expect.stringMatching(reason) })
    expect(await sdk.beta.sessions.retrieve(session)).toMatchObject({ title: null })
    expect(await listAll(sdk, session)).toEqual([])
  })

  test('that changes while its client is waited for changes with the turn after that one', async () => {
    const { stack, environment } = use()
    const agent = await stack.sdk.beta.agents.create({ name: 'asks', model: 'claude-opus-5-5', tools: [LOOKUP] })
    const session = await createSession({ stack, environment, agent: agent.id })
    const recording = await record(stack.sdk, session)
    await stack.sdk.beta.sessions.events.send(session, { events: [program(look('word'), 'SAY answered words')] })
    const [call = ''] = await untilWaiting(recording, 1)
    expect(toolsOf((await update(session, { tools: [] })).agent)).toEqual([])
    const result = { type: 'user.custom_tool_result', custom_tool_use_id: call } as const
    await stack.sdk.beta.sessions.events.send(session, { events: [result] })
    await recording.until('session.status_idle', 2)
    expect(offeredFor('answered words')).toEqual(['lookup'])
    await turn(stack.sdk, session, program('SAY later words'))
    expect(offeredFor('later words')).toEqual([])
    expect(faultsOfLog(recording.events, 'stream')).toEqual([])
  })

  test('that two clients change at once becomes what both said, one after the other', async () => {
    const { stack } = use()
    const rounds = 15
    const session = await createSession(use())
    const tool = (name: string) => ({ ...LOOKUP, name })
    for (let round = 0; round < rounds; round++) {
      const answers = await Promise.all(
        stack.clients.map((client, index) =>
          client.beta.sessions.update(session, {
            metadata: { [`of${index}`]: `${round}` },
            agent: { tools: [tool(`t${round}_${index}`)] },
          }),
        ),
      )
      expect(answers).toHaveLength(2)
    }
    const updates = updatesIn(await listAll(stack.sdk, session))
    const told = updates.map(({ agent }) => toolsOf(agent).join())
    const pairs = Array.from({ length: rounds }, (_, round) => told.slice(2 * round, 2 * round + 2).toSorted())
    expect(pairs).toEqual(Array.from({ length: rounds }, (_, round) => [`t${round}_0`, `t${round}_1`]))
    const { agent, metadata } = await stack.sdk.beta.sessions.retrieve(session)
    expect([toolsOf(agent).join(), metadata]).toEqual([told.at(-1), { of0: '14', of1: '14' }])
    console.log(`updates at once: n = ${rounds} pairs over 2 apis, lost = 0`)
  })

  test('never changes inside of a turn, whatever comes first', async () => {
    const { stack } = use()
    const rounds = 20
    const session = await createSession(use())
    const recording = await record(stack.sdk, session)
    const outcomes: string[] = []
    for (let round = 1; round <= rounds; round++) {
      const tools = round % 2 === 0 ? [LOOKUP] : []
      const [outcome] = await Promise.all([
        update(session, { tools }).then(
          ({ agent }) => toolsOf(agent).join(),
          (error: { status?: number }) => `refused with ${error.status}`,
        ),
        stack.sdk.beta.sessions.events.send(session, { events: [program(`SAY turn ${round}`)] }),
      ])
      outcomes.push(outcome)
      await recording.until('session.status_idle', round)
    }
    expect(outcomes.filter((outcome) => !['', 'lookup', 'refused with 400'].includes(outcome))).toEqual([])
    expect(faultsOfLog(recording.events, 'stream')).toEqual([])
    let isRunning = false
    let newest = toolsOf(await stack.sdk.beta.agents.retrieve(use().agent))
    for (const event of recording.events) {
      if (event.type === 'session.status_running') isRunning = true
      if (event.type === 'session.status_idle') isRunning = false
      if (event.type !== 'session.updated') continue
      expect(isRunning).toBe(false)
      newest = toolsOf(event.agent)
    }
    expect(toolsOf((await stack.sdk.beta.sessions.retrieve(session)).agent)).toEqual(newest)
    const refusals = outcomes.filter((outcome) => outcome.startsWith('refused')).length
    console.log(`updates beside messages: n = ${rounds}, refused = ${refusals}, inside of a turn = 0`)
  })

  test('is changed once by a client that sends its update again because the answer was cut', async () => {
    const { stack } = use()
    const proxy = await openCuttingProxy(stack.urls[0] ?? '')
    onTestFinished(() => proxy[Symbol.asyncDispose]())
    const sdk = new Anthropic({ baseURL: proxy.url, apiKey: stack.apiKey, maxRetries: 2 })
    const session = await createSession(use())
    proxy.cutNext(0)
    const { agent } = await sdk.beta.sessions.update(session, { agent: LOOKUP_ONLY })
    expect([proxy.hasCut, toolsOf(agent)]).toEqual([true, ['lookup']])
    expect(updatesIn(await listAll(stack.sdk, session))).toHaveLength(1)
  })

  test('that a plain Temporal client takes away is missed by the next turn, and comes with the next update', async () => {
    const { stack } = use()
    const { sessions } = stack.sdk.beta
    const session = await createSession(use())
    const known = await sessions.retrieve(session)
    const other = await createSession(use())
    const base = (await stack.stores.sessions.find(session))?.configurationId ?? ''
    const foreign = (await stack.stores.sessions.find(other))?.configurationId ?? ''
    const handle = stack.temporal.workflow.getHandle(session)
    const configure = (configuration: object) => handle.executeUpdate(CONFIGURE_UPDATE, { args: [{ configuration }] })
    expect(await configure({ id: foreign })).toMatchObject({ refused: expect.stringContaining('configuration: ') })
    expect(await configure({ id: foreign, base: 'cfg_none' })).toMatchObject({ code: 'configuration_changed' })
    expect(await configure({ id: foreign, base })).toMatchObject({ refused: null })

    const events = await turn(stack.sdk, session, message('Anybody there?'))
    expect(only(events, 'session.error')).toMatchObject([
      { error: { message: expect.stringMatching(/^store: the configuration/), retry_status: { type: 'exhausted' } } },
    ])
    expect((await sessions.retrieve(session)).agent).toEqual(known.agent)
    expect((await collect(sessions.list())).some(({ id }) => id === session)).toBe(true)
    expect(updatesIn(await listAll(stack.sdk, session))).toMatchObject([{ agent: null }])
    await update(session, LOOKUP_ONLY)
    expect(saidIn(await turn(stack.sdk, session, program('SAY back again')))).toEqual(['back again'])
    expect(offeredFor('back again')).toEqual(['lookup'])
  })

  test('cannot be changed any more once the session is archived', async () => {
    const session = await createSession(use())
    await use().stack.sdk.beta.sessions.archive(session)
    expect(await refused(update(session, LOOKUP_ONLY))).toMatchObject({ status: 400 })
  })
})

describe('the agent of a session of many runs', () => {
  const useShort = useStack({ apis: 2, policy: { run: { events: 20, signals: 1_000, bytes: 2 * 1024 * 1024 } } })

  test('goes over into the next one, and what was told of it is read from the archive', async () => {
    const { stack } = useShort()
    const [sdk, other] = stack.clients
    if (!sdk || !other) throw new Error('expected two clients')
    const session = await createSession(useShort())
    const { agent } = await sdk.beta.sessions.update(session, { agent: LOOKUP_ONLY })
    const turnInto = async (run: number): Promise<void> => {
      while ((await stack.log.read(session)).run < run) await turn(sdk, session, program('SAY over the runs'))
    }
    await turnInto(3)
    expect(offeredFor('over the runs', stack)).toEqual(['lookup'])
    await sdk.beta.sessions.update(session, { agent: { tools: [] } })
    await turnInto(5)
    expect(offeredFor('over the runs', stack)).toEqual([])
    await expect.poll(async () => (await stack.stores.archive.runs(session, 1)).length).toBeGreaterThanOrEqual(3)
    const listed = await listAll(other, session)
    expect(updatesIn(listed).map((event) => event.agent)).toEqual([agent, { ...agent, tools: [] }])
    expect(faultsOfLog(listed, 'list')).toEqual([])
    expect(listed).toEqual(await listAll(sdk, session))
  })
})
