import { describe, expect, test } from 'vitest'
import { currentHarness } from '../../src/model/harness.ts'
import type { SessionUpdate } from '../../src/wire/types.ts'
import type { ConfigureUpdate, Verdict } from '../../src/workflows/messages.ts'
import { agentWith } from '../activities/agent.ts'
import { emptyState } from '../support/session-builders.ts'
import { AUTHORIZED, createFakeApp, storeSession } from './fakes.ts'
import { buildView } from './view-builder.ts'

const SESSION = 'sesn_1'
const TOOL = { type: 'custom' as const, name: 't', description: 'd', input_schema: { type: 'object' as const } }
const CHANGE: SessionUpdate = { title: 'new', agent: { tools: [TOOL] } }
const OUTRUN: Verdict = { refused: 'agent: it was changed meanwhile; try again.', code: 'configuration_changed' }

type Fake = ReturnType<typeof createFakeApp>

/** A session over a workflow that answers as it is told; `asked` is what it was asked for. */
function open(answer: (fake: Fake, change: ConfigureUpdate, count: number) => Verdict = () => ({ refused: null })) {
  const asked: { readonly change: ConfigureUpdate; readonly updateId: string }[] = []
  const fake: Fake = createFakeApp(() => ({
    workflows: {
      ...createFakeApp().context.workflows,
      async configure(_, change, updateId) {
        asked.push({ change, updateId })
        return answer(fake, change, asked.length)
      },
    },
  }))
  storeSession(fake.world, SESSION, { configurationId: 'cfg_1' })
  fake.world.configurations.set(SESSION, { id: 'cfg_1', agent: agentWith(), harness: 'h1' })
  become(fake, {})
  return { fake, asked, update: (body: object, headers = {}) => update(fake, body, headers) }
}

function become({ world }: Fake, state: Parameters<typeof emptyState>[0]): void {
  world.view = { ...buildView([]), state: emptyState(state) }
}

async function update({ app }: Fake, payload: object, headers: object) {
  const url = `/v1/sessions/${SESSION}`
  const answer = await app.inject({ method: 'POST', url, payload, headers: { ...AUTHORIZED, ...headers } })
  return { status: answer.statusCode, body: answer.json(), retried: answer.headers['x-should-retry'] }
}

/** The workflow takes what it is asked for. */
function take(fake: Fake, { configuration }: ConfigureUpdate): Verdict {
  if (configuration) become(fake, { configuration: configuration.id })
  return { refused: null }
}

describe('an update of a session', () => {
  test('leaves its hands alone', async () => {
    const { fake, asked, update: send } = open(take)
    const metadata = { 'longhand.hand.gpu': 'env_gpu' }
    become(fake, { metadata })
    for (const patch of [{ 'longhand.hand.gpu': null }, { 'longhand.hand.web': 'env_1' }, { 'longhand.typo': 'x' }]) {
      const { status, body } = await send({ metadata: patch })
      expect([status, body.error.details.error_code]).toEqual([400, 'invalid_metadata'])
    }
    expect(asked).toEqual([])
    expect(await send({ metadata: { ...metadata, team: 'a' } })).toMatchObject({ status: 200 })
    expect(asked).toMatchObject([{ change: { metadata: { team: 'a' } } }])
  })

  test('stores the new agent before the workflow is told of it, and answers with it', async () => {
    const {
      fake,
      asked,
      update: send,
    } = open((world, change) => {
      expect(world.world.configurations.get(`${SESSION} ${change.configuration?.id}`)?.agent.tools).toEqual([TOOL])
      return take(world, change)
    })
    const { status, body } = await send(CHANGE)
    expect([status, body.agent]).toEqual([200, agentWith([], { tools: [TOOL] })])
    const named = { id: expect.stringMatching(/^cfg_/), base: 'cfg_1' }
    expect(asked).toEqual([{ change: { title: 'new', configuration: named }, updateId: expect.any(String) }])
    expect(fake.world.sessions.get(SESSION)?.configurationId).toBe(fake.world.view.state.configuration)
  })

  test('names no agent that is as it was', async () => {
    const { fake, asked, update: send } = open()
    expect((await send({ title: 'new', agent: { tools: agentWith().tools, mcp_servers: [] } })).status).toBe(200)
    expect(asked.map(({ change }) => change)).toEqual([{ title: 'new' }])
    expect(fake.world.configurations.size).toBe(1)
  })

  test('that another one outran is made anew of what that left, under an id of its own', async () => {
    const { asked, update: send } = open((fake, change, count) => {
      if (count > 1) return take(fake, change)
      fake.world.configurations.set(`${SESSION} cfg_2`, {
        id: 'cfg_2',
        agent: agentWith([], { description: 'theirs' }),
        harness: 'h1',
      })
      become(fake, { configuration: 'cfg_2' })
      return OUTRUN
    })
    const { body } = await send(CHANGE)
    expect(body.agent).toEqual(agentWith([], { description: 'theirs', tools: [TOOL] }))
    expect(asked.map(({ change }) => change.configuration?.base)).toEqual(['cfg_1', 'cfg_2'])
    expect(new Set(asked.map(({ change }) => change.configuration?.id)).size).toBe(2)
    expect(asked[1]?.updateId).toBe(`${asked[0]?.updateId}-2`)
  })

  test('that is outrun again and again is given up: the same request again would find the same verdicts', async () => {
    const { asked, update: send } = open(() => OUTRUN)
    const { status, body, retried } = await send(CHANGE)
    expect([status, body, retried]).toMatchObject([504, { error: { type: 'timeout_error' } }, 'false'])
    expect(asked).toHaveLength(5)
  })

  test('is judged by the harness that the session has, not by that of new ones', async () => {
    const { fake, asked, update: send } = open(take)
    const configs = [{ name: 'web_search' as const, enabled: true }]
    const change = { agent: { tools: [{ type: 'agent_toolset_20260401' as const, configs }] } }
    expect(await send(change)).toMatchObject({
      status: 400,
      body: { error: { details: { error_code: 'not_supported' } } },
    })
    fake.world.configurations.set(SESSION, { id: 'cfg_1', agent: agentWith(), harness: currentHarness.id })
    expect((await send(change)).status).toBe(200)
    expect(asked).toHaveLength(1)
  })

  test.each<[string, Parameters<typeof emptyState>[0], object, RegExp]>([
    ['of the agent while the session runs', { status: 'running' }, CHANGE, /only while it is idle/],
    ['of the agent to what it is, while the session runs', { status: 'running' }, { agent: {} }, /only while it/],
    ['to tools that do not fit', {}, { title: 'new', agent: { tools: [TOOL, TOOL] } }, /two custom tools/],
    ['of what of the agent cannot change', {}, { agent: { system: 's' } }, /system/],
    ['beside what never changes', {}, { agent: { tools: [] }, vault_ids: [] }, /vault_ids/],
  ])('%s is refused whole, and nothing is stored', async (_, state, change, reason) => {
    const { fake, asked, update: send } = open()
    become(fake, state)
    const { status, body } = await send(change)
    expect([status, body.error.message]).toEqual([400, expect.stringMatching(reason)])
    expect([asked.length, fake.world.configurations.size, fake.world.ingress.size]).toEqual([0, 1, 0])
  })

  test('that is sent again is decided by the workflow, which knows whether it was done', async () => {
    let isAway = true
    const {
      fake,
      asked,
      update: send,
    } = open(() => {
      if (isAway) throw new Error('the answer is lost')
      return { refused: null }
    })
    expect((await send(CHANGE)).status).toBe(500)
    isAway = false
    become(fake, { status: 'running' })
    expect((await send(CHANGE, { 'x-stainless-retry-count': '1' })).status).toBe(200)
    expect(asked.map(({ updateId }) => updateId)).toEqual([asked[0]?.updateId, asked[0]?.updateId])
  })

  test('of a configuration that nobody stored leaves the agent that is known', async () => {
    const { fake, asked, update: send } = open(take)
    become(fake, { configuration: 'cfg_lost' })
    const { app, world } = fake
    const url = `/v1/sessions/${SESSION}`
    const shown = await app.inject({ method: 'GET', url, headers: AUTHORIZED })
    expect([shown.json().agent, world.sessions.get(SESSION)?.configurationId]).toEqual([agentWith(), 'cfg_1'])
    expect((await send({ title: 'new' })).status).toBe(200)
    expect((await send({ agent: {} })).body.agent).toEqual(agentWith())
    expect(asked.map(({ change }) => change.configuration?.base)).toEqual([undefined, 'cfg_lost'])
    expect(world.sessions.get(SESSION)?.configurationId).toBe(world.view.state.configuration)
  })
})
