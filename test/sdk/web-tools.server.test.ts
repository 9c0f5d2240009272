import type Anthropic from '@anthropic-ai/sdk'
import { BadRequestError } from '@anthropic-ai/sdk'
import type { BetaManagedAgentsAgentToolConfigParams } from '@anthropic-ai/sdk/resources/beta/agents/agents'
import { describe, expect, test } from 'vitest'
import type { SessionEvent } from '../../src/wire/types.ts'
import { uniqueName } from '../support/temporal.ts'
import { bash, collect, createSession, listAll, only, program, record, saidIn, turn, typesOf } from './drive.ts'
import { useStack } from './use-stack.ts'

const use = useStack()
const URL_A = 'https://docs.example.com/a'

type Configs = BetaManagedAgentsAgentToolConfigParams[]
type Tool = Readonly<Record<string, unknown>>

/** A session of an agent with these settings, in an environment that lets it reach these hosts, or all. */
async function sessionWith(configs: Configs, hosts?: string[]): Promise<string> {
  const { sdk } = use().stack
  const agent = await sdk.beta.agents.create({
    name: 'surfer',
    model: 'claude-opus-5-5',
    tools: [{ type: 'agent_toolset_20260401', configs }],
  })
  return createSession({ stack: use().stack, agent: agent.id, environment: await environmentWith(sdk, hosts) })
}

async function environmentWith(sdk: Anthropic, hosts?: string[]): Promise<string> {
  if (!hosts) return use().environment
  const networking = { type: 'limited' as const, allowed_hosts: hosts }
  return (await sdk.beta.environments.create({ name: uniqueName('web'), config: { type: 'cloud', networking } })).id
}

/** The tools of the newest request to the model that its API runs by itself. */
function offered(): readonly Tool[] {
  const body = use().stack.model.requests.at(-1)?.body as { readonly tools: readonly Tool[] }
  return body.tools.filter((tool) => !('input_schema' in tool))
}

function resultsIn(events: readonly SessionEvent[]): readonly unknown[] {
  return only(events, 'agent.tool_result').map(({ content, is_error }) => [
    (content ?? []).map((block) => (block.type === 'text' ? block.text : block.type)),
    is_error,
  ])
}

describe('a web search', () => {
  test('is offered with the sandbox’s tools, carried out by the model’s API, shown, counted and priced', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const events = await turn(stack.sdk, session, program('SAY let me see', 'SEARCH slug rules', 'SAY found it'))
    expect(offered()).toMatchObject([
      { type: 'web_fetch_20250910', name: 'web_fetch' },
      { type: 'web_search_20250305', name: 'web_search' },
    ])
    expect(typesOf(events).filter((type) => /^(agent|span)\./.test(type))).toEqual([
      'span.model_request_start',
      'agent.message',
      'agent.tool_use',
      'agent.tool_result',
      'agent.message',
      'span.model_request_end',
    ])
    const [call] = only(events, 'agent.tool_use')
    expect(call).toMatchObject({
      name: 'web_search',
      input: { query: 'slug rules' },
      evaluated_permission: 'allow',
      evaluation: { type: 'always_allow' },
    })
    const [result] = only(events, 'agent.tool_result')
    expect(result).toMatchObject({ tool_use_id: call?.id, is_error: false })
    expect(JSON.stringify(result?.content)).toContain('https://docs.example.com/slug-rules')
    expect(use().hands.begun.map((begun) => begun.call)).not.toContain(call?.id)

    const { usage } = await stack.sdk.beta.sessions.retrieve(session)
    expect(usage.server_tool_use).toEqual({ web_search_requests: 1, web_fetch_requests: 0 })
    expect(Number(usage.list_cost?.amount)).toBeGreaterThanOrEqual(1)
  })

  test('goes back to the model as it came, in every later request', async () => {
    const { stack } = use()
    const session = await createSession(use())
    await turn(stack.sdk, session, program('SEARCH slug rules', 'SAY found it'))
    // The demo model takes back what it has found, unchanged, and nothing else.
    const events = await turn(stack.sdk, session, program(`FETCH ${URL_A}`, bash('echo on'), 'SAY done'))
    expect(saidIn(events)).toEqual(['done'])
    const last = JSON.stringify(stack.model.requests.at(-1)?.body)
    expect(last).toContain('encrypted_content')
    expect(last).toContain('web_fetch_tool_result')
  })

  test('that the answer pauses behind is gone on with, and told once it has ended', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const lines = ['SAY wait', 'SEARCH a', 'PAUSE', 'SAY found it', 'SEARCH b', 'PAUSE', 'SAY all']
    const events = await turn(stack.sdk, session, program(...lines))
    expect(saidIn(events)).toEqual(['wait', 'found it', 'all'])
    const types = typesOf(events).filter((type) => type.startsWith('span.') || type.startsWith('agent.tool'))
    const [start, call, result, end] = [
      'span.model_request_start',
      'agent.tool_use',
      'agent.tool_result',
      'span.model_request_end',
    ]
    expect(types).toEqual([start, end, start, call, result, end, start, call, result, end])
    expect(only(events, 'agent.tool_use').map(({ input }) => input)).toEqual([{ query: 'a' }, { query: 'b' }])
  })

  test('beside a command waits until that is done', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const events = await turn(stack.sdk, session, program('PARALLEL 2', 'SEARCH a', bash('echo hi'), 'SAY both'))
    expect(only(events, 'agent.tool_use').map(({ name }) => name)).toEqual(['bash', 'web_search'])
    expect(saidIn(events)).toEqual(['both'])
  })

  test('that an interrupt cut off keeps no later message from being answered', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const recording = await record(stack.sdk, session)
    await stack.sdk.beta.sessions.events.send(session, {
      events: [program('SEARCH a', 'PAUSE', 'SLEEP 600000', 'SAY never')],
    })
    await recording.until('span.model_request_start', 2)
    await stack.sdk.beta.sessions.events.send(session, { events: [{ type: 'user.interrupt' }] })
    await recording.until('session.status_idle')
    const now = program('SAY hello again')
    const events = await turn(stack.sdk, session, {
      ...now,
      content: [{ type: 'text', text: '#program now\nSAY hello again' }],
    } as typeof now)
    expect(saidIn(events)).toEqual(['hello again'])
    expect(only(await listAll(stack.sdk, session), 'session.error')).toEqual([])
    expect(JSON.stringify(stack.model.requests.at(-1)?.body)).toContain('"error_code":"unavailable"')
  })
})

describe('a page', () => {
  test('is told as it was fetched, as long as the agent lets it be', async () => {
    const session = await sessionWith([{ name: 'web_fetch', max_content_tokens: 100 }])
    const events = await turn(use().stack.sdk, session, program(`FETCH ${URL_A}?characters=5000`))
    const [[[about, page], isError]] = resultsIn(events) as [[string[], boolean]]
    expect([about, page?.length, isError]).toEqual([expect.stringContaining(URL_A), 400, false])
  })

  test('outside the agent’s list is an error that says so', async () => {
    const session = await sessionWith([{ name: 'web_fetch', allowed_domains: ['example.org'] }])
    const events = await turn(use().stack.sdk, session, program(`FETCH ${URL_A}`, 'SAY so be it'))
    expect(resultsIn(events)).toEqual([[['url_not_allowed'], true]])
    expect(saidIn(events)).toEqual(['so be it'])
  })

  test('of many characters is kept whole for the model and told in part', async () => {
    const { stack } = use()
    const session = await createSession(use())
    const events = await turn(stack.sdk, session, program(`FETCH ${URL_A}?characters=300000`, 'SAY read'))
    const [[texts]] = resultsIn(events) as [[string[]]]
    expect(texts.map(({ length }) => length).slice(1)).toEqual([100_000, '[200000 more characters]'.length])
    await turn(stack.sdk, session, program('SAY again'))
    const page = 'and so on '.repeat(29_000)
    expect(JSON.stringify(stack.model.requests.at(-1)?.body)).toContain(page)
  })
})

describe('a limited network', () => {
  test('is the web tools’ too', async () => {
    const session = await sessionWith([], ['docs.example.com'])
    const events = await turn(use().stack.sdk, session, program('SEARCH a', `FETCH https://www.example.org/a`))
    expect(offered().map((tool) => tool['allowed_domains'])).toEqual([['docs.example.com'], ['docs.example.com']])
    expect(resultsIn(events)).toEqual([
      [['a, by docs.example.com\nhttps://docs.example.com/a'], false],
      [['url_not_allowed'], true],
    ])
  })

  test('without hosts leaves no web tool', async () => {
    const session = await sessionWith([], [])
    await turn(use().stack.sdk, session, program('SAY hi'))
    expect(offered()).toEqual([])
  })

  test('refuses a session whose agent lists what it closes, and an update that would', async () => {
    const { sdk } = use().stack
    const lists: Configs = [{ name: 'web_search', allowed_domains: ['docs.example.com', 'example.org'] }]
    const creating = sessionWith(lists, ['docs.example.com'])
    await expect(creating).rejects.toThrow(BadRequestError)
    await expect(creating).rejects.toThrow(/configs\.0\.allowed_domains\.1: .*got \\?"example\.org/)
    const session = await sessionWith([], ['docs.example.com'])
    const tools = [{ type: 'agent_toolset_20260401' as const, configs: lists }]
    await expect(sdk.beta.sessions.update(session, { agent: { tools } })).rejects.toThrow(/allowed_domains\.1/)
  })

  test('is that of the environment when the session began', async () => {
    const { sdk } = use().stack
    const environment = await environmentWith(sdk, ['docs.example.com'])
    const session = await createSession({ ...use(), environment })
    await sdk.beta.environments.update(environment, { config: { type: 'cloud', networking: { type: 'unrestricted' } } })
    await turn(sdk, session, program('SAY hi'))
    expect(offered()).toMatchObject([{ allowed_domains: ['docs.example.com'] }, {}])
  })
})

describe('the settings of the web tools', () => {
  test('reach the model’s API', async () => {
    const location = { type: 'approximate' as const, city: 'Lyon', country: 'FR', timezone: 'Europe/Paris' }
    const session = await sessionWith([
      { name: 'web_search', user_location: location, blocked_domains: ['ads.example.net'] },
      { name: 'web_fetch', max_content_tokens: 50, url_sources: { user_input: 'none' } },
    ])
    const events = await turn(use().stack.sdk, session, program('SEARCH a', `FETCH ${URL_A}`, 'FETCH https://b.com/c'))
    expect(offered()).toMatchObject([
      { max_content_tokens: 50, url_sources: { user_input: { type: 'none' } } },
      { user_location: location, blocked_domains: ['ads.example.net'] },
    ])
    expect(JSON.stringify(resultsIn(events)[0])).not.toContain('ads.example.net')
    expect(resultsIn(events).slice(1)).toMatchObject([
      [{}, false],
      [['url_not_in_prior_context'], true],
    ])
  })

  test.each<[string, Configs, RegExp]>([
    [
      'always_ask',
      [{ name: 'web_fetch', permission_policy: { type: 'always_ask' } }],
      /the web_fetch tool under always_ask/,
    ],
    ['auto', [{ name: 'web_search', permission_policy: { type: 'auto' } }], /the web_search tool under auto/],
  ])('are refused by name under %s', async (_, configs, reason) => {
    await expect(sessionWith(configs)).rejects.toThrow(reason)
  })

  test('are refused by name with a model that has none', async () => {
    const { sdk } = use().stack
    const configs: Configs = [{ name: 'web_search' }]
    const tools = [{ type: 'agent_toolset_20260401' as const, configs }]
    const agent = await sdk.beta.agents.create({ name: 'surfer', model: 'llama', tools })
    const creating = createSession({ stack: use().stack, agent: agent.id, environment: use().environment })
    await expect(creating).rejects.toThrow(/the web_search tool with this model/)
  })

  test('leave a tool out that is off', async () => {
    const session = await sessionWith([{ name: 'web_fetch', enabled: false }])
    await turn(use().stack.sdk, session, program('SAY hi'))
    expect(offered().map((tool) => tool['name'])).toEqual(['web_search'])
  })
})

test('a thread shows web tools as its session does', async () => {
  const { sdk } = use().stack
  const session = await createSession(use())
  await turn(sdk, session, program('SEARCH a'))
  const [thread] = await collect(sdk.beta.sessions.threads.list(session))
  const events = await collect(sdk.beta.sessions.threads.events.list(thread?.id ?? '', { session_id: session }))
  expect(events.map(({ id }) => id)).toEqual((await listAll(sdk, session)).map(({ id }) => id))
})
