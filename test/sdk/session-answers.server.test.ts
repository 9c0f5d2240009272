import { describe, expect, test } from 'vitest'
import type { Session } from '../../src/wire/types.ts'
import { createSession, listAll, message, turn } from './drive.ts'
import { useStack } from './use-stack.ts'

const use = useStack()
const any = (type: unknown): unknown => expect.any(type)

/** What lists tell of a session the same at any time. */
function withoutFigures({ usage, stats, updated_at: at, ...rest }: Session): object {
  return rest
}

describe('a session', () => {
  test('is the same whole object in the answer that made it, read by its id and in a list', async () => {
    const { stack, agent, environment: environment_id } = use()
    const { sessions } = stack.sdk.beta
    const created = await sessions.create({ agent, environment_id, title: 'T', metadata: { k: 'v' } })
    expect(created).toEqual({
      id: any(String),
      type: 'session',
      status: 'idle',
      agent: any(Object),
      environment_id,
      title: 'T',
      metadata: { k: 'v' },
      created_at: any(String),
      updated_at: created.created_at,
      archived_at: null,
      usage: any(Object),
      stats: { active_seconds: 0, duration_seconds: any(Number) },
      budget: null,
      outcome_evaluations: [],
      resources: [],
      vault_ids: [],
      deployment_id: null,
    })
    expect(created.agent).toMatchObject({ type: 'agent', id: agent, version: 1, tools: any(Array), skills: [] })
    const read = await sessions.retrieve(created.id)
    expect(withoutFigures(read)).toEqual(withoutFigures(created))
    expect(read.usage).toEqual(created.usage)
    expect(read.stats).toMatchObject({ active_seconds: 0 })
    const listed = (await sessions.list({ limit: 1 })).data[0]
    expect(listed && withoutFigures(listed)).toEqual(withoutFigures(created))
  })

  test('tells in lists what it has used so far', async () => {
    const { stack, agent, environment: environment_id } = use()
    const { sessions } = stack.sdk.beta
    const { id } = await sessions.create({ agent, environment_id })
    await turn(stack.sdk, id, message('hello'))
    // Told by the workflow itself: nobody has read the session.
    const listed = async () => (await sessions.list({ limit: 100 })).data.find((session) => session.id === id)
    const isTold = async (): Promise<boolean> => {
      const session = await listed()
      return session?.status === 'idle' && (session.usage.output_tokens ?? 0) > 0
    }
    await expect.poll(isTold).toBe(true)
    const { usage, stats } = await sessions.retrieve(id)
    expect(await listed()).toMatchObject({ usage, stats: { active_seconds: stats?.active_seconds } })
  })

  test('never goes back in time', async () => {
    const { stack, agent, environment: environment_id } = use()
    const { sessions } = stack.sdk.beta
    const created = await sessions.create({ agent, environment_id })
    const times = [created.updated_at, (await sessions.retrieve(created.id)).updated_at]
    await turn(stack.sdk, created.id, message('hello'))
    times.push((await sessions.retrieve(created.id)).updated_at)
    times.push((await sessions.update(created.id, { title: 'T' })).updated_at)
    times.push((await sessions.archive(created.id)).updated_at)
    expect(times).toEqual(times.toSorted())
    expect(new Set(times).size).toBeGreaterThan(2)
  })

  test('answers its creation without its initial events', async () => {
    const { stack, agent, environment: environment_id } = use()
    const { sessions } = stack.sdk.beta
    const first = { type: 'user.message' as const, content: [{ type: 'text' as const, text: 'the first words' }] }
    const created = await sessions.create({ agent, environment_id, initial_events: [first] })
    expect(created.status).toBe('running')
    expect(JSON.stringify(created)).not.toMatch(/initial_events|the first words/)
    expect(JSON.stringify(await listAll(stack.sdk, created.id))).toContain('the first words')
  })

  test.each([
    ['no initial events', {}],
    ['an empty list of them', { initial_events: [] }],
  ])('that is made with %s is idle, and its log is empty', async (_, initial) => {
    const { stack, agent, environment: environment_id } = use()
    const { sessions } = stack.sdk.beta
    const created = await sessions.create({ agent, environment_id, ...initial })
    const read = await sessions.retrieve(created.id)
    expect([created.status, read.status]).toEqual(['idle', 'idle'])
    expect(await listAll(stack.sdk, created.id)).toEqual([])
    const plain = await createSession(use())
    expect(Object.keys(created)).toEqual(Object.keys(await sessions.retrieve(plain)))
  })
})
