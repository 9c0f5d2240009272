import { describe, expect, test } from 'vitest'
import Anthropic from '@anthropic-ai/sdk'
import type { Ask } from '../../src/cli/ask-person.ts'
import { runTask } from '../../src/cli/run.ts'
import type { RunOptions } from '../../src/cli/run.ts'
import {
  asks,
  callsCustom,
  confirms,
  delta,
  deleted,
  idle,
  message,
  result,
  running,
  says,
  terminated,
  waits,
} from './events.ts'
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
    ['3 when it waits for a person', waits('call'), 3],
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

const asked = asks('ship', 'bash', { command: './ship.sh' })
const shipped = [confirms('ship', 'allow'), running, result('ship', 'shipped'), says('a', 'done'), idle()]
const events = `POST /v1/sessions/${SESSION}/events`

/** A person at the terminal who types these lines, one for each question; then a question stands until it is withdrawn. */
function person(...typed: readonly (string | null)[]): { ask: Ask; withdrawn: string[] } {
  const left = [...typed]
  const withdrawn: string[] = []
  async function ask(question: string, signal?: AbortSignal): Promise<string | null | undefined> {
    if (left.length > 0) return left.shift()
    return new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => {
        withdrawn.push(question.trim())
        reject(new Error('withdrawn'))
      })
    })
  }
  return { ask, withdrawn }
}

describe('run, when the agent asks', () => {
  test('puts the call to the person, sends the word, and goes on', async () => {
    const server = await startFakeServer({ ...ending(asked, waits('ship')), answered: [shipped] })
    expect(await run(server.client, { ask: person('y').ask })).toEqual({
      code: 0,
      out: ['  bash  ./ship.sh', 'you     allowed bash  ./ship.sh', '        shipped', 'agent   done'],
      err: [`session ${SESSION}`],
    })
    expect(server.bodies.get(events)).toEqual({
      events: [{ type: 'user.tool_confirmation', tool_use_id: 'ship', result: 'allow' }],
    })
  })

  test('tells the agent why not', async () => {
    const denied = [confirms('ship', 'deny', 'not today'), running, result('ship', 'not today', true), idle()]
    const server = await startFakeServer({ ...ending(asked, waits('ship')), answered: [denied] })
    const { code, out } = await run(server.client, { ask: person('not today').ask })
    expect([code, out.slice(1)]).toEqual([0, ['you     denied bash  ./ship.sh', '        because: not today']])
    expect(server.bodies.get(events)).toMatchObject({ events: [{ result: 'deny', deny_message: 'not today' }] })
  })

  test('sends the words on several calls in one request', async () => {
    const two = [asked, asks('rm', 'bash', { command: 'rm -r .' }), waits('ship', 'rm')]
    const server = await startFakeServer({ ...ending(...two), answered: [[idle()]] })
    expect((await run(server.client, { ask: person('y', 'n').ask })).code).toBe(0)
    expect(server.bodies.get(events)).toMatchObject({
      events: [
        { tool_use_id: 'ship', result: 'allow' },
        { tool_use_id: 'rm', result: 'deny' },
      ],
    })
    expect(server.requests.filter((request) => request === events)).toHaveLength(2)
  })

  test('asks again each time that the session waits again', async () => {
    const again = [confirms('ship', 'allow'), asks('rm', 'bash', { command: 'rm -r .' }), waits('rm')]
    const { client } = await startFakeServer({ ...ending(asked, waits('ship')), answered: [again, [idle()]] })
    const { code, out } = await run(client, { ask: person('y', 'n').ask })
    expect([code, out.at(-1)]).toEqual([0, '  bash  rm -r .'])
  })

  test.each<[what: string, options: Partial<RunOptions>, code: number, printed: readonly string[]]>([
    ['130 when the person presses Ctrl+C', { ask: person(null).ask }, 130, ['  bash  ./ship.sh']],
    ['3 when there is no terminal', { ask: null }, 3, []],
    [
      '3 with json, and asks nobody',
      { ask: person().ask, json: true },
      3,
      [asked, waits('ship')].map((event) => JSON.stringify(event)),
    ],
  ])('ends with %s, and says how to answer', async (_what, options, expected, printed) => {
    const server = await startFakeServer(ending(asked, waits('ship')))
    const { code, out, err } = await run(server.client, options)
    expect(code).toBe(expected)
    expect(err.slice(0, 3)).toEqual([
      `session ${SESSION}`,
      `session ${SESSION} waits for answers, however long that takes:`,
      '  bash  ./ship.sh',
    ])
    expect(err.at(-1)).toContain('{"events":[{"type":"user.tool_confirmation","tool_use_id":"ship","result":"allow"}]}')
    expect(server.bodies.get(events)).toMatchObject({ events: [{ type: 'user.message' }] })
    expect(out).toEqual(printed)
  })

  test('ends with 3 when a tool of the client waits, which no person can answer', async () => {
    const { client } = await startFakeServer(ending(callsCustom('w', 'weather', { city: 'Bonn' }), waits('w')))
    const { code, out, err } = await run(client, { ask: person().ask })
    expect([code, out]).toEqual([3, ['  weather {"city":"Bonn"}']])
    expect(err.at(-1)).toContain('"user.custom_tool_result"')
  })

  test('asks what a person can answer, and then ends with 3 for the rest', async () => {
    const both = [callsCustom('w', 'weather', {}), asked, waits('w', 'ship')]
    const server = await startFakeServer({ ...ending(...both), answered: [[confirms('ship', 'deny'), waits('w')]] })
    expect((await run(server.client, { ask: person('n').ask })).code).toBe(3)
    expect(server.bodies.get(events)).toMatchObject({ events: [{ tool_use_id: 'ship' }] })
  })

  test('withdraws the question when somebody else answers, and reads on', async () => {
    const { client } = await startFakeServer({
      streams: [
        { events: [asked, waits('ship')], then: 'end' },
        { events: shipped, then: 'stay' },
      ],
    })
    const { ask, withdrawn } = person()
    const { code, out } = await run(client, { ask })
    expect([code, withdrawn]).toEqual([0, ['Allow? [y]es, [N]o, or a note for the agent:']])
    expect(out.slice(1)).toEqual(['you     allowed bash  ./ship.sh', '        shipped', 'agent   done'])
  })

  test('reads on when somebody else was faster', async () => {
    const server = await startFakeServer({
      ...ending(asked, waits('ship')),
      listed: [confirms('ship', 'allow')],
      failures: { [events]: [0, 400] },
    })
    const told: string[] = []
    function warn(line: string): void {
      told.push(line)
      if (line.startsWith('somebody')) server.push(...shipped)
    }
    expect((await run(server.client, { ask: person('n').ask, warn })).code).toBe(0)
    expect(told).toEqual([`session ${SESSION}`, 'somebody else was faster; nothing of this was taken'])
  })

  test('ends with 1 when the word is refused for another reason', async () => {
    const listed = [confirms('other', 'allow')]
    const failures = { [events]: [0, 400] }
    const { client } = await startFakeServer({ ...ending(asked, waits('ship')), listed, failures })
    expect(await run(client, { ask: person('n').ask })).toMatchObject({
      code: 1,
      err: [`session ${SESSION}`, 'fake 400 (400, req_1)'],
    })
  })

  test('keeps another agent for that, which asks before it changes anything', async () => {
    const { client, bodies } = await startFakeServer(ending(idle()))
    await run(client, { isAsking: true })
    const config = (name: string): object => ({ name, permission_policy: { type: 'always_ask' } })
    expect(bodies.get('POST /v1/agents')).toMatchObject({
      name: 'longhand run, asks before bash, write, edit',
      tools: [{ configs: [config('bash'), config('write'), config('edit')] }],
    })
  })
})
