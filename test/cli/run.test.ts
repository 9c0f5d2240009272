import { describe, expect, test } from 'vitest'
import Anthropic from '@anthropic-ai/sdk'
import { runTask } from '../../src/cli/run.ts'
import type { RunOptions } from '../../src/cli/run.ts'
import { delta, deleted, idle, message, running, says, terminated } from './events.ts'
import type { FakeScript } from './fake-server.ts'
import { SESSION, startFakeServer } from './fake-server.ts'

interface Ran {
  readonly code: number
  readonly out: readonly string[]
  readonly err: readonly string[]
}

async function run(client: Anthropic, options: Partial<RunOptions> = {}): Promise<Ran> {
  const out: string[] = []
  const err: string[] = []
  const code = await runTask({
    client,
    task: 'do it',
    json: false,
    print: (line) => out.push(line),
    warn: (line) => err.push(line),
    signal: new AbortController().signal,
    ...options,
  })
  return { code, out, err }
}

function ending(...events: readonly object[]): FakeScript {
  return { streams: [{ events, then: 'stay' }] }
}

describe('run', () => {
  test('creates agent, environment and session, listens, and only then sends the task', async () => {
    const server = await startFakeServer(ending(message('m', 'do it'), says('a', 'done\nand well'), idle()))
    expect(await run(server.client)).toEqual({
      code: 0,
      out: ['you     do it', 'agent   done', '        and well'],
      err: [`session ${SESSION}`],
    })
    expect(server.requests).toEqual([
      'GET /v1/agents',
      'POST /v1/agents',
      'GET /v1/environments',
      'POST /v1/environments',
      'POST /v1/sessions',
      `GET /v1/sessions/${SESSION}/events/stream`,
      `POST /v1/sessions/${SESSION}/events`,
    ])
    expect(server.bodies.get('POST /v1/sessions')).toMatchObject({ agent: 'agent_made', title: 'do it' })
  })

  test.each([
    ['0 when the turn ends', idle(), 0],
    ['1 when the retries are used up', idle('retries_exhausted'), 1],
    ['3 when it waits for a person', idle('requires_action'), 3],
    ['1 when the session is terminated', terminated, 1],
    ['1 when the session is deleted', deleted, 1],
  ])('ends with %s', async (_what, last, code) => {
    const { client } = await startFakeServer(ending(running, last))
    expect((await run(client)).code).toBe(code)
  })

  test.each([
    ['4 for an agent that does not exist', 404, 4],
    ['1 for a key that is not valid', 401, 1],
    ['1 for a request that is refused', 400, 1],
  ])('ends with %s, and says what the server said', async (_what, status, code) => {
    const { client } = await startFakeServer({ failures: { 'POST /v1/sessions': [status] } })
    expect(await run(client, { agent: 'agent_mine' })).toEqual({
      code,
      out: [],
      err: [`fake ${status} (${status}, req_1)`],
    })
  })

  test('ends with 5 when no server answers, and says where and what to do', async () => {
    const client = new Anthropic({ baseURL: 'http://127.0.0.1:1', apiKey: 'k', maxRetries: 0 })
    const { code, out, err } = await run(client)
    expect([code, out]).toEqual([5, []])
    expect(err).toEqual([
      expect.stringMatching(/^no server answers at http:\/\/127\.0\.0\.1:1: start one with npm start/),
    ])
  })

  test.each(['', ' \n'])('ends with 2 for the task %j, before any request', async (task) => {
    const server = await startFakeServer()
    expect(await run(server.client, { task })).toMatchObject({ code: 2, out: [] })
    expect(server.requests).toEqual([])
  })

  test('ends with 130 when interrupted, and names the session that goes on', async () => {
    const stopping = new AbortController()
    const { client } = await startFakeServer(ending(running, says('a', 'still at it')))
    const print = (): void => stopping.abort()
    expect(await run(client, { signal: stopping.signal, print })).toMatchObject({
      code: 130,
      err: [`session ${SESSION}`, `interrupted: session ${SESSION} goes on`],
    })
  })

  test('ends with 130 when interrupted before there is a session', async () => {
    const { client } = await startFakeServer()
    expect(await run(client, { signal: AbortSignal.abort() })).toEqual({ code: 130, out: [], err: ['interrupted'] })
  })

  test('shows the words of the agent as they come, on a terminal', async () => {
    const server = await startFakeServer(
      ending(message('m', 'do it'), delta('a', 'all '), delta('a', 'done'), says('a', 'all done'), idle()),
    )
    const written: string[] = []
    const { out } = await run(server.client, { write: (text) => written.push(text) })
    expect(written).toEqual(['agent   ', 'all ', 'done', '', '\n'])
    expect(out).toEqual(['you     do it'])
    expect(server.queries).toContainEqual(expect.stringMatching(/^event_deltas(\[\]|%5B%5D)=agent\.message$/))
  })

  test('asks for no previews without a terminal, and for none with json', async () => {
    const { client, queries } = await startFakeServer(ending(idle()))
    await run(client, { write: () => undefined, json: true })
    const other = await startFakeServer(ending(idle()))
    await run(other.client)
    expect([...queries, ...other.queries].join()).not.toContain('event_deltas')
  })

  test('prints nothing but events with json', async () => {
    const events = [message('m', 'do it', null), message('m', 'do it'), idle()]
    const { client } = await startFakeServer(ending(...events))
    const { out } = await run(client, { json: true })
    expect(out.map((line): unknown => JSON.parse(line))).toEqual(events)
  })

  test('shows an agent of yours and a model of yours to the server', async () => {
    const mine = await startFakeServer(ending(idle()))
    await run(mine.client, { agent: 'agent_mine' })
    expect(mine.requests).not.toContain('POST /v1/agents')
    expect(mine.bodies.get('POST /v1/sessions')).toMatchObject({ agent: 'agent_mine' })
    const other = await startFakeServer(ending(idle()))
    await run(other.client, { model: 'claude-other' })
    expect(other.bodies.get('POST /v1/agents')).toMatchObject({ model: 'claude-other' })
  })
})
