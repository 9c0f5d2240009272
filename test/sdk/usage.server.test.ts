import { describe, expect, test } from 'vitest'
import type { ModelUsage, SessionEvent } from '../../src/wire/types.ts'
import { bash, createSession, listAll, only, program, record, turn } from './drive.ts'
import { useStack } from './use-stack.ts'

const use = useStack()

type Counts = Pick<
  ModelUsage,
  'input_tokens' | 'output_tokens' | 'cache_read_input_tokens' | 'cache_creation_input_tokens'
>

function sumOf(events: readonly SessionEvent[], of: keyof Counts): number {
  return only(events, 'span.model_request_end').reduce((sum, { model_usage }) => sum + model_usage[of], 0)
}

/** Of claude-opus-5-5, in whole cents: 4, 20, 5 and 0.20 dollars for a million tokens. */
function centsOf(events: readonly SessionEvent[]): string {
  const cents =
    sumOf(events, 'input_tokens') * 400 +
    sumOf(events, 'output_tokens') * 2000 +
    sumOf(events, 'cache_creation_input_tokens') * 500 +
    sumOf(events, 'cache_read_input_tokens') * 20
  return String(Math.round(cents / 1_000_000))
}

function timeOf(events: readonly SessionEvent[], type: SessionEvent['type'], nth = 0): number {
  return Date.parse(events.filter((event) => event.type === type)[nth]?.processed_at ?? '')
}

describe('the usage of a session', () => {
  test('is nothing at first', async () => {
    const { stack, agent, environment } = use()
    const created = await stack.sdk.beta.sessions.create({ agent, environment_id: environment })
    const nothing = {
      input_tokens: 0,
      output_tokens: 0,
      cache_read_input_tokens: 0,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
      active_seconds: 0,
      list_cost: { amount: '0', currency: 'USD' },
      server_tool_use: { web_search_requests: 0, web_fetch_requests: 0 },
    }
    expect(created.usage).toEqual(nothing)
    expect((await stack.sdk.beta.sessions.retrieve(created.id)).usage).toEqual(nothing)
  })

  test('is the sum of its requests, those that broke off and were given up among them, at their list price', async () => {
    const { sdk } = use().stack
    const session = await createSession(use())
    const recording = await record(sdk, session)
    const lines = ['CUT', `SAY ${'word '.repeat(4000)}`, bash('echo a'), 'SLEEP 600000', 'SAY never']
    await sdk.beta.sessions.events.send(session, { events: [program(...lines)] })
    await recording.until('span.model_request_start', 3)
    await sdk.beta.sessions.events.send(session, { events: [{ type: 'user.interrupt' }] })
    await recording.until('session.status_idle')

    const events = await listAll(sdk, session)
    const [broken, answered, interrupted] = only(events, 'span.model_request_end')
    expect(broken).toMatchObject({ is_error: true })
    expect(Math.max(...countsOf(broken?.model_usage))).toBeGreaterThan(0)
    const read = answered?.model_usage
    const size = countsOf(read).reduce((sum, count) => sum + count, 0)
    const said = only(events, 'agent.tool_result').flatMap(({ content }) => content ?? [])
    const heard = said.reduce((sum, block) => sum + (block.type === 'text' ? block.text.length : 0), 0)
    expect(interrupted).toMatchObject({
      is_error: false,
      model_usage: { input_tokens: Math.floor(heard / 4), output_tokens: 0, cache_read_input_tokens: size },
    })

    const { usage } = await sdk.beta.sessions.retrieve(session)
    expect(usage).toMatchObject({
      input_tokens: sumOf(events, 'input_tokens'),
      output_tokens: sumOf(events, 'output_tokens'),
      cache_read_input_tokens: sumOf(events, 'cache_read_input_tokens'),
      cache_creation: { ephemeral_5m_input_tokens: sumOf(events, 'cache_creation_input_tokens') },
      list_cost: { amount: centsOf(events), currency: 'USD' },
    })
    expect(Number(usage.list_cost?.amount)).toBeGreaterThan(0)
    expect(only(events, 'session.usage').at(-1)).toMatchObject({ usage, budget: null })
  })

  test('has the time of work and not that of waiting, the same wherever it is told', async () => {
    const { sdk } = use().stack
    const session = await createSession(use())
    const lines = ['FAIL 529 retry-after=1', bash('echo a'), 'SLEEP 200', 'SAY done']
    const events = await turn(sdk, session, program(...lines))
    const { usage, stats } = await sdk.beta.sessions.retrieve(session)
    const active = usage.active_seconds ?? 0
    expect(active).toBeGreaterThan(0)
    expect(stats.active_seconds).toBe(active)
    expect(only(events, 'session.usage').map((event) => event.usage.active_seconds)).toEqual([active])
    const whole = timeOf(events, 'session.status_idle') - timeOf(events, 'session.status_running')
    const backOff = timeOf(events, 'session.status_running', 1) - timeOf(events, 'session.status_rescheduled')
    expect(backOff).toBeGreaterThanOrEqual(1000)
    expect(active * 1000).toBeLessThanOrEqual(whole - backOff)
  })
})

function countsOf(usage: ModelUsage | undefined): number[] {
  return usage
    ? [usage.input_tokens, usage.output_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens]
    : []
}
