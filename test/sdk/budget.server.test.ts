import { describe, expect, test } from 'vitest'
import type { Model } from '../../src/model/model.ts'
import { EVENTS_SIGNAL } from '../../src/session/names.ts'
import type { SessionCreate } from '../../src/wire/types.ts'
import { mintId } from '../../src/wire/mint.ts'
import { CONFIGURE_UPDATE, SESSION_WORKFLOW, primaryThread } from '../../src/workflows/messages.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { bash, collect, listAll, message, only, program, record, refused, saidIn, turn, typesOf } from './drive.ts'
import { useStack } from './use-stack.ts'

/** Every request costs one cent: claude-opus-5-5 takes 400 cents for a million tokens. */
function atACent(model: Model): Model {
  const usage = {
    input_tokens: 2500,
    output_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation_input_tokens: 0,
  }
  return { request: async (...asked) => ({ ...(await model.request(...asked)), usage }) }
}

const use = useStack({ between: atACent })

type Budget = NonNullable<SessionCreate['budget']>

function cents(amount: number): Budget {
  return { type: 'limit', max_list_cost: { amount: String(amount), currency: 'USD' } }
}

async function begin(budget?: Budget, agent?: string): Promise<string> {
  const { stack, agent: standard, environment } = use()
  const params = { agent: agent ?? standard, environment_id: environment, ...(budget ? { budget } : {}) }
  const { id } = await stack.sdk.beta.sessions.create(params)
  return id
}

function requestsOf(marker: string): number {
  return use().stack.model.requests.filter(({ bytes }) => bytes.includes(marker)).length
}

/** A turn that has stopped at one cent, behind the tool call that the crossing request asked for. */
async function stopAtOneCent(marker: string): Promise<string> {
  const session = await begin(cents(1))
  const events = await turn(use().stack.sdk, session, program(bash(`echo ${marker}`), `SAY ${marker} done`))
  expect(only(events, 'session.status_idle')).toMatchObject([{ stop_reason: { type: 'budget_reached' } }])
  return session
}

async function update(session: string, budget: Budget | null): Promise<unknown> {
  return use().stack.sdk.beta.sessions.update(session, { budget })
}

describe('a budget', () => {
  test('stops the turn behind the request that crosses it, whose call runs, with one group that says so', async () => {
    const { sdk } = use().stack
    const session = await begin(cents(1))
    const events = await turn(sdk, session, program(bash('echo a'), 'SAY never'))
    const types = typesOf(events)
    expect(types.slice(types.indexOf('agent.tool_result'))).toEqual([
      'agent.tool_result',
      'session.thread_status_idle',
      'session.usage',
      'session.status_idle',
    ])
    expect(only(events, 'session.thread_status_idle')).toMatchObject([{ stop_reason: { type: 'budget_reached' } }])
    expect(only(events, 'session.usage')).toMatchObject([
      { budget: cents(1), usage: { list_cost: { amount: '1', currency: 'USD' }, input_tokens: 2500 } },
    ])
    const read = await sdk.beta.sessions.retrieve(session)
    expect(read).toMatchObject({
      status: 'idle',
      budget: cents(1),
      usage: { list_cost: { amount: '1', currency: 'USD' } },
    })
    const thread = await sdk.beta.sessions.threads.retrieve(primaryThread(session), { session_id: session })
    expect(thread).toMatchObject({ status: 'idle', usage: { list_cost: { amount: '1', currency: 'USD' } } })
    expect(faultsOfLog(await listAll(sdk, session), 'list')).toEqual([])
  })

  test('is told by the session alone when the crossing request ends the turn', async () => {
    const { sdk } = use().stack
    const session = await begin(cents(1))
    const events = await turn(sdk, session, program('SAY all of it'))
    expect(only(events, 'session.thread_status_idle')).toMatchObject([{ stop_reason: { type: 'end_turn' } }])
    expect(only(events, 'session.status_idle')).toMatchObject([{ stop_reason: { type: 'budget_reached' } }])
  })

  test('is told by the session alone when an interrupt ends what has crossed it, and then refuses messages', async () => {
    const { stack, hands } = use()
    const session = await begin(cents(1))
    const recording = await record(stack.sdk, session)
    await stack.sdk.beta.sessions.events.send(session, { events: [program(bash('hold crossing'), 'SAY never')] })
    await hands.held('crossing')
    await stack.sdk.beta.sessions.events.send(session, { events: [{ type: 'user.interrupt' }] })
    await recording.until('session.status_idle')
    expect(only(recording.events, 'session.thread_status_idle')).toMatchObject([{ stop_reason: { type: 'end_turn' } }])
    expect(only(recording.events, 'session.status_idle')).toMatchObject([{ stop_reason: { type: 'budget_reached' } }])
    const refusal = await refused(stack.sdk.beta.sessions.events.send(session, { events: [message('more')] }))
    expect(refusal).toMatchObject({ status: 400, message: expect.stringContaining('budget') })
  })

  test('goes on by itself when it is raised, for as long as that lasts', async () => {
    const { sdk } = use().stack
    const session = await stopAtOneCent('raised')
    const recording = await record(sdk, session)
    await update(session, cents(2))
    await recording.until('session.status_idle')
    expect(typesOf(recording.events).slice(0, 4)).toEqual([
      'session.updated',
      'session.status_running',
      'session.thread_status_running',
      'span.model_request_start',
    ])
    expect(only(recording.events, 'session.updated')).toMatchObject([{ budget: cents(2) }])
    expect(saidIn(recording.events)).toEqual(['raised done'])
    expect(await sdk.beta.sessions.retrieve(session)).toMatchObject({ budget: cents(2) })
  })

  test('goes on by itself when it is removed, which is for good', async () => {
    const { sdk } = use().stack
    const session = await stopAtOneCent('removed')
    const recording = await record(sdk, session)
    expect(await update(session, null)).toMatchObject({ budget: null })
    await recording.until('session.status_idle')
    expect(only(recording.events, 'session.updated')).toMatchObject([{ budget: null }])
    expect(only(recording.events, 'session.usage')).toMatchObject([{ budget: null }])
    expect(saidIn(await turn(sdk, session, program('SAY free')))).toEqual(['free'])
    expect(await refused(update(session, cents(900)))).toMatchObject({
      status: 400,
      error: { error: { details: { error_code: 'budget_create_only' } } },
    })
  })

  test('refuses messages while it is reached, names what it takes, and keeps nothing of them', async () => {
    const { sdk } = use().stack
    const session = await stopAtOneCent('refused')
    const before = await listAll(sdk, session)
    const refusal = await refused(sdk.beta.sessions.events.send(session, { events: [message('more')] }))
    expect(refusal).toMatchObject({
      status: 400,
      message: expect.stringMatching(
        /user\.tool_confirmation, user\.tool_result, user\.custom_tool_result and user\.interrupt only/,
      ),
    })
    expect(await listAll(sdk, session)).toEqual(before)
  })

  test('takes an interrupt while it is reached, which is neither listed nor of any effect', async () => {
    const { sdk } = use().stack
    const session = await stopAtOneCent('interrupted')
    const before = await listAll(sdk, session)
    const sent = await sdk.beta.sessions.events.send(session, { events: [{ type: 'user.interrupt' }] })
    expect(sent.data).toMatchObject([{ type: 'user.interrupt', id: expect.stringMatching(/^sevt_/) }])
    expect(await listAll(sdk, session)).toEqual(before)
    const recording = await record(sdk, session)
    await update(session, cents(5))
    await recording.until('session.status_idle')
    expect(saidIn(recording.events)).toEqual(['interrupted done'])
  })

  test('stands behind what the client has to answer, and stores the answer without asking the model', async () => {
    const { stack, environment } = use()
    const { sdk } = stack
    const agent = await sdk.beta.agents.create({
      name: 'asks',
      model: 'claude-opus-5-5',
      tools: [{ type: 'agent_toolset_20260401', default_config: { permission_policy: { type: 'always_ask' } } }],
    })
    const session = await begin(cents(1), agent.id)
    const asked = await turn(sdk, session, program(bash('echo behind'), 'SAY never'))
    const [call] = only(asked, 'agent.tool_use')
    expect(only(asked, 'session.status_idle')).toMatchObject([
      { stop_reason: { type: 'requires_action', event_ids: [call?.id] } },
    ])
    const requests = requestsOf('echo behind')
    const answered = await turn(sdk, session, {
      type: 'user.tool_confirmation',
      tool_use_id: call?.id ?? '',
      result: 'allow',
    })
    expect(only(answered, 'agent.tool_result')).toHaveLength(1)
    expect(only(answered, 'session.status_idle')).toMatchObject([{ stop_reason: { type: 'budget_reached' } }])
    expect(requestsOf('echo behind')).toBe(requests)
    expect(environment).not.toBe('')
  })

  test('is never given or set below what was spent', async () => {
    const { sdk } = use().stack
    const session = await begin(cents(5))
    await turn(sdk, session, program(bash('echo a'), 'SAY two cents'))
    for (const amount of [1, 2]) {
      expect(await refused(update(session, cents(amount)))).toMatchObject({
        status: 400,
        error: { error: { details: { error_code: 'budget_not_raised' } } },
      })
    }
    expect(await update(session, cents(3))).toMatchObject({ budget: cents(3) })
    expect(await refused(update(await begin(), cents(3)))).toMatchObject({
      status: 400,
      error: { error: { details: { error_code: 'budget_create_only' } } },
    })
  })

  test('is refused for a model without a list price', async () => {
    const { sdk } = use().stack
    const agent = await sdk.beta.agents.create({ name: 'unpriced', model: 'house-model' })
    expect(await refused(begin(cents(1), agent.id))).toMatchObject({
      status: 400,
      error: { error: { details: { error_code: 'model_not_budgetable' } } },
    })
    const session = await begin(undefined, agent.id)
    const [told] = only(await turn(sdk, session, program('SAY hello')), 'session.usage')
    expect(told?.usage).not.toHaveProperty('list_cost')
  })

  test('is in the answer to its creation and in lists as the session has it', async () => {
    const { stack, agent, environment } = use()
    const { sessions } = stack.sdk.beta
    const created = await sessions.create({ agent, environment_id: environment, budget: cents(7) })
    expect(created).toMatchObject({
      budget: cents(7),
      usage: { input_tokens: 0, list_cost: { amount: '0', currency: 'USD' } },
    })
    const listed = async (): Promise<unknown> =>
      (await collect(sessions.list({ limit: 100 }))).find(({ id }) => id === created.id)
    expect(await listed()).toMatchObject({ budget: cents(7) })
    await update(created.id, cents(9))
    expect(await listed()).toMatchObject({ budget: cents(9) })
    await update(created.id, null)
    expect(await listed()).toMatchObject({ budget: null })
  })

  test('holds across workers, and for what plain Temporal clients do', async () => {
    const { stack } = use()
    const session = await stopAtOneCent('plain')
    await stack.restartWorkers()
    const handle = stack.temporal.workflow.getHandle(session)
    await handle.signal(EVENTS_SIGNAL, { events: [program('SAY queued')] })
    expect(await handle.executeUpdate(CONFIGURE_UPDATE, { args: [{ budget: { type: 'limit' } }] })).toMatchObject({
      refused: expect.stringMatching(/^budget: expected null or \{/),
    })
    expect(await handle.executeUpdate(CONFIGURE_UPDATE, { args: [{ budget: cents(1) }] })).toMatchObject({
      code: 'budget_not_raised',
    })
    expect(await stack.sdk.beta.sessions.retrieve(session)).toMatchObject({ status: 'idle' })
    const recording = await record(stack.sdk, session)
    expect(await handle.executeUpdate(CONFIGURE_UPDATE, { args: [{ budget: cents(9) }] })).toMatchObject({
      refused: null,
    })
    await recording.until('session.status_idle')
    expect(saidIn(recording.events).join()).toContain('queued')
  })

  test.each([
    ['one that is none', { budget: 5 }, /client: budget: expected \{/],
    [
      'one for a model without a price',
      { budget: cents(1), agent: { model: 'house-model' } },
      /budget: the model has no list price/,
    ],
  ])('of a session that is started by hand with %s ends it', async (_, input, reason) => {
    const { stack } = use()
    const session = mintId('sesn')
    const args = [{ agent: { model: 'claude-opus-5-5' }, ...input }]
    const handle = await stack.temporal.workflow.start(SESSION_WORKFLOW, {
      workflowId: session,
      taskQueue: stack.taskQueue,
      args,
    })
    await handle.result()
    const { entries } = await readErrors(session)
    expect(entries.join()).toMatch(reason)
  })

  test('holds for a session that is started by hand', async () => {
    const { stack } = use()
    const session = mintId('sesn')
    const events = [program(bash('echo hand'), 'SAY never')]
    const args = [
      { agent: { model: 'claude-opus-5-5', tools: [{ type: 'agent_toolset_20260401' }] }, budget: cents(1), events },
    ]
    await stack.temporal.workflow.start(SESSION_WORKFLOW, { workflowId: session, taskQueue: stack.taskQueue, args })
    await expect.poll(async () => (await stack.log.read(session)).state.stop).toEqual({ type: 'budget_reached' })
    expect(await stack.sdk.beta.sessions.retrieve(session)).toMatchObject({ budget: cents(1) })
  })
})

async function readErrors(session: string): Promise<{ entries: string[] }> {
  const view = await use().stack.log.read(session)
  const items = await use().stack.log.slice(view, {
    order: 'asc',
    limit: 10,
    audience: 'client',
    types: ['session.error'],
  })
  return { entries: items.map((item) => JSON.stringify(item)) }
}
