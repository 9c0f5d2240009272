import { describe, expect, test } from 'vitest'
import type { ModelRequest } from '../../src/model/model.ts'
import type { AgentModelParams } from '../../src/wire/types.ts'
import { bash, createSession, only, program, refused, saidIn, turn } from './drive.ts'
import { useStack } from './use-stack.ts'

const use = useStack()

async function createAgent(model: AgentModelParams): Promise<string> {
  const tools = [{ type: 'agent_toolset_20260401' as const }]
  return (await use().stack.sdk.beta.agents.create({ name: 'tester', model, tools })).id
}

/** The requests of the model that have these words in them. */
function requestsWith(words: string) {
  return use()
    .stack.model.requests.filter(({ bytes }) => bytes.includes(words))
    .map(({ body, betas }) => ({ betas, body: body as ModelRequest }))
}

describe('the settings of a model', () => {
  test.each(['low', 'medium', 'high', 'xhigh', 'max'] as const)('reach it with the effort %s', async (effort) => {
    const session = await createSession({ ...use(), agent: await createAgent({ id: 'claude-opus-5-5', effort }) })
    await turn(use().stack.sdk, session, program(`SAY with ${effort} effort`))
    expect(requestsWith(`with ${effort} effort`)).toMatchObject([
      { body: { output_config: { effort }, max_tokens: 128_000, thinking: { type: 'adaptive' } } },
    ])
  })

  test('are the model’s own where the agent names none', async () => {
    const { stack } = use()
    const agent = await createAgent('claude-opus-5-5')
    expect((await stack.sdk.beta.agents.retrieve(agent)).model.effort).toEqual({ type: 'medium' })
    const session = await createSession({ ...use(), agent })
    const inherited = await stack.sdk.beta.sessions.retrieve(session)
    expect(inherited.agent.model).toEqual({ id: 'claude-opus-5-5', effort: { type: 'medium' }, speed: 'standard' })
    await turn(stack.sdk, session, program('SAY nothing special'))
    expect(requestsWith('nothing special')).toMatchObject([{ body: { output_config: { effort: 'medium' } } }])
  })

  test('are not sent to a model that does not have them', async () => {
    const session = await createSession({ ...use(), agent: await createAgent('claude-haiku-4-5') })
    await turn(use().stack.sdk, session, program('SAY a small one'))
    const [asked] = requestsWith('a small one')
    expect(asked?.body).toMatchObject({ max_tokens: 64_000 })
    for (const field of ['output_config', 'thinking', 'speed', 'inference_geo'])
      expect(asked?.body).not.toHaveProperty(field)
  })

  test.each<[AgentModelParams, RegExp]>([
    [{ id: 'claude-haiku-4-5', effort: 'low' }, /model\.effort: expected none/],
    [{ id: 'claude-opus-4-6', effort: 'xhigh' }, /model\.effort: expected one of low, medium, high, max/],
    [{ id: 'claude-sonnet-5-5', speed: 'fast' }, /model\.speed: expected standard/],
  ])('are refused at creation where the model does not have them: %j', async (model, reason) => {
    const { stack, agent } = use()
    const answer = { status: 400, message: expect.stringMatching(reason) }
    expect(await refused(createAgent(model))).toMatchObject(answer)
    expect(await refused(stack.sdk.beta.agents.update(agent, { version: 1, model }))).toMatchObject(answer)
  })

  test('are looked at in what a session overrides too, but for its effort, which is ignored there', async () => {
    const { stack, agent, environment } = use()
    const create = (model: AgentModelParams): Promise<unknown> =>
      stack.sdk.beta.sessions.create({
        agent: { type: 'agent_with_overrides', id: agent, model },
        environment_id: environment,
      })
    expect(await refused(create({ id: 'claude-sonnet-5-5', speed: 'fast' }))).toMatchObject({
      status: 400,
      message: expect.stringMatching(/model\.speed: expected standard/),
    })
    await expect(create({ id: 'claude-haiku-4-5', effort: 'low' })).resolves.toBeDefined()
  })

  test('make it fast, under the token of that, at the price of that, and the events say so', async () => {
    const { stack } = use()
    const model = { id: 'claude-opus-5-5', speed: 'fast', inference_geo: 'us' } as const
    const session = await createSession({ ...use(), agent: await createAgent(model) })
    const events = await turn(stack.sdk, session, program(bash('ls'), 'SAY quickly done'))
    const requests = requestsWith('quickly done')
    expect(requests).toHaveLength(2)
    for (const { betas, body } of requests) {
      expect(betas).toEqual(['fast-mode-2026-02-01'])
      expect(body).toMatchObject({ speed: 'fast', inference_geo: 'us' })
    }
    const usages = only(events, 'span.model_request_end').map(({ model_usage: usage }) => usage)
    expect(usages.map(({ speed }) => speed)).toEqual(['fast', 'fast'])
    const { usage } = await stack.sdk.beta.sessions.retrieve(session)
    const dollars = usages.map(
      (one) =>
        one.input_tokens * 8 +
        one.output_tokens * 40 +
        one.cache_creation_input_tokens * 10 +
        one.cache_read_input_tokens * 0.4,
    )
    const cents = dollars.reduce((sum, one) => sum + one, 0) / 10_000
    expect(Number(usage.list_cost?.amount)).toBe(Math.round(cents))
  })
})

describe('what the model is told', () => {
  test('is the same of its prompt in every request of a session, with what it has', async () => {
    const { stack, agent } = use()
    const environment = await stack.sdk.beta.environments.create({
      name: 'narrow',
      config: { type: 'cloud', networking: { type: 'limited', allowed_hosts: ['docs.example'] } },
    })
    const session = await createSession({ stack, agent, environment: environment.id })
    await turn(stack.sdk, session, program(bash('ls'), 'SAY told the same'))
    await stack.sdk.beta.environments.update(environment.id, {
      config: { type: 'cloud', networking: { type: 'unrestricted' } },
    })
    await turn(stack.sdk, session, program('SAY told the same again'))
    const prompts = requestsWith('told the same').map(({ body }) => JSON.stringify([body.system, body.tools]))
    expect(prompts).toHaveLength(3)
    expect(new Set(prompts).size).toBe(1)
    expect(prompts[0]).toContain('/workspace')
    expect(prompts[0]).toContain(': docs.example. It reaches nothing else')
  })

  test('is what it thought itself, signed as it was, within a turn and after it', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const events = await turn(stack.sdk, session, program('THINK of the ledger', bash('ls'), 'THINK again', 'SAY so'))
    expect(saidIn(events)).toEqual(['so'])
    await turn(stack.sdk, session, program('SAY and so on'))
    const [first, within, after] = requestsWith('THINK of the ledger').map(({ body }) =>
      body.messages
        .flatMap(({ content }) => (typeof content === 'string' ? [] : content))
        .filter(({ type }) => type === 'thinking'),
    )
    const thought = { type: 'thinking', thinking: 'of the ledger', signature: expect.stringMatching(/^.{40,}$/) }
    expect(first).toEqual([])
    expect(within).toEqual([thought])
    expect(after).toEqual([thought, { ...thought, thinking: 'again' }])
  })
})
