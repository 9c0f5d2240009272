import { describe, expect, test } from 'vitest'
import { judgeApproval, runApprovalDemo } from '../../src/cli/approval-demo.ts'
import type { ApprovalDemoOptions } from '../../src/cli/approval-demo.ts'
import { asks, calls, confirms, idle, result, running, says, terminated, waits } from './events.ts'
import { SESSION, startFakeServer } from './fake-server.ts'
import type { FakeStageOptions } from './fake-stage.ts'
import { createFakeStage } from './fake-stage.ts'

const before = [
  says('hello', "I'll write both scripts."),
  calls('write', 'write', { file_path: 'slug.sh', content: 'one\ntwo\n' }),
  result('write', 'wrote 8 bytes to slug.sh'),
  asks('ship', 'bash', { command: 'sh ship.sh' }),
  waits('ship'),
]
// The server's answer to a request names the events that it made of it.
const word = (verdict: 'allow' | 'deny') => ({ ...confirms('ship', verdict), id: 'sevt_sent' })
const shipped = [word('allow'), running, result('ship', 'shipped'), says('end', 'Shipped once.'), idle()]
const stopped = [word('deny'), running, result('ship', 'not today', true), says('end', 'I stop: not today'), idle()]

function historyOf(events: readonly object[], ...ran: readonly string[]): NonNullable<FakeStageOptions['history']> {
  return {
    events: events.map((event) => ('id' in event ? String(event.id) : '')),
    modelCalls: 3,
    repeatedModelCalls: 0,
    attempts: new Map(ran.map((call) => [call, 1])),
  }
}

interface Shown {
  readonly code: number
  readonly lines: readonly string[]
  readonly deeds: readonly string[]
  readonly sent: unknown
}

/** The demo with a person who types this line. */
async function show(
  typed: string | null | undefined,
  after: readonly object[],
  world: Partial<FakeStageOptions> = {},
): Promise<Shown> {
  const { client, bodies } = await startFakeServer({
    streams: [{ events: before, then: 'stay' }],
    answered: [after],
    listed: [...before, ...after],
  })
  const { stage, deeds } = createFakeStage({ client, ...world })
  const lines: string[] = []
  const options: ApprovalDemoOptions = {
    stage,
    keep: false,
    ask: async () => {
      deeds.push('ask')
      return typed
    },
    print: (line) => void lines.push(line),
    signal: new AbortController().signal,
  }
  return { code: await runApprovalDemo(options), lines, deeds, sent: bodies.get(`POST /v1/sessions/${SESSION}/events`) }
}

describe('the demo that asks', () => {
  test('passes when the command ran once after it was allowed, by a worker that came later', async () => {
    const world = { history: historyOf([...before, ...shipped], 'write', 'ship'), ledger: [0, 0, 1] }
    const { code, lines, deeds, sent } = await show('y', shipped, world)
    expect(code).toBe(0)
    expect(deeds).toEqual(['kill 101', 'ask', 'start 102'])
    expect(sent).toMatchObject({ events: [{ tool_use_id: 'ship', result: 'allow' }] })
    const text = lines
      .join('\n')
      .replaceAll(/\d+\.\d s/g, 'N s')
      .replaceAll(/\d+ ms/g, 'N ms')
    expect(text).toContain(
      [
        "agent   I'll write both scripts.",
        '  write   slug.sh                  +2',
        '',
        'idle    The session waits for you, however long that takes.',
        '  ✗ kill -9 101      the worker is gone. Nothing runs the agent now.',
        '    in its sandbox:    ledger.txt: 0 lines',
        '',
        '  bash  sh ship.sh',
        '',
        'you     allowed: accepted (N ms), stored in Temporal, no worker needed',
        '    in its sandbox:    ledger.txt: 0 lines',
        '  ✓ worker 102       took over N s after one was let in: 84 events replayed',
        '',
        '  bash    sh ship.sh               exit 0 · shipped · ledger.txt: 1 line',
        'agent   Shipped once.',
        '',
        "PASS  10 events in the API = 10 in Temporal's history, 0 lost, 0 doubled · N s",
      ].join('\n'),
    )
  })

  test('passes when the command never ran after it was denied', async () => {
    const world = { history: historyOf([...before, ...stopped], 'write'), ledger: 0 }
    const { code, lines, sent } = await show('not today', stopped, world)
    expect(code).toBe(0)
    expect(sent).toMatchObject({ events: [{ result: 'deny', deny_message: 'not today' }] })
    expect(lines).toContainEqual(expect.stringMatching(/^you {5}denied, with a note: accepted/))
    expect(lines).toContain('  bash    sh ship.sh               denied · ledger.txt: 0 lines')
  })

  test('fails, and says why, when the command ran twice', async () => {
    const world = { history: historyOf([...before, ...shipped], 'write', 'ship'), ledger: [0, 0, 2] }
    const { code, lines } = await show('y', shipped, world)
    expect(code).toBe(1)
    expect(lines).toContain('      ✗ ledger.txt has 2 lines, 1 expected: one for each run of the command')
  })

  test.each([
    ['130 when the person presses Ctrl+C', null, 130],
    ['3 when the person presses Ctrl+D', undefined, 3],
  ])('ends with %s', async (_what, typed, code) => {
    const shown = await show(typed, [])
    expect([shown.code, shown.deeds]).toEqual([code, ['kill 101', 'ask']])
    expect(shown.lines.at(-1)).toMatch(/^You left without a word\./)
  })

  test('fails when nobody was asked', async () => {
    const { client } = await startFakeServer({
      streams: [{ events: [says('end', 'Done.'), terminated], then: 'stay' }],
    })
    const { stage, deeds } = createFakeStage({ client })
    const lines: string[] = []
    const print = (line: string): void => void lines.push(line)
    const ask = async (): Promise<string> => 'y'
    expect(await runApprovalDemo({ stage, keep: false, ask, print, signal: new AbortController().signal })).toBe(1)
    expect(deeds).toEqual([])
    expect(lines).toContain('      ✗ the session never waited for a person: the command was not asked for')
    expect(lines).toContain('      ✗ the session did not end its turn: it was terminated')
  })
})

describe('the verdict on the demo that asks', () => {
  const about = { type: 'user.tool_confirmation', tool_use_id: 'ship' } as const
  const wait = {
    call: 'ship',
    confirmation: { ...about, result: 'allow' as const },
    event: 'sevt_sent',
    killed: 1,
    successor: 2,
    replayed: 9,
    ledgerBefore: 0,
    ledgerAlone: 0,
  }
  const all = [...before, ...shipped]
  const history = historyOf(all, 'write', 'ship')
  const good = {
    wait,
    answer: 'Shipped once.',
    stopReason: 'end_turn',
    listed: history.events,
    history,
    ledger: 1,
    paid: 3,
  }
  const denied = { ...wait, confirmation: { ...about, result: 'deny' as const, deny_message: 'not today' } }
  const refused = { ...good, wait: denied, answer: 'I stop: not today', history: historyOf(all, 'write'), ledger: 0 }

  test('holds when every claim does', () => {
    expect(judgeApproval(good).problems).toEqual([])
    expect(judgeApproval(refused).problems).toEqual([])
  })

  test.each([
    ['an event lost', { ...good, listed: history.events.slice(1) }, /1 events of history are not in the API/],
    ['a model call paid twice', { ...good, paid: 4 }, /got 4 requests for 3 model calls/],
    ['the same worker', { ...good, wait: { ...wait, successor: 1 } }, /the one that was killed/],
    ['no replay', { ...good, wait: { ...wait, replayed: 0 } }, /did not replay/],
    ['a command that did not wait', { ...good, wait: { ...wait, ledgerBefore: 1 } }, /before anybody allowed it/],
    ['a command without a worker', { ...good, wait: { ...wait, ledgerAlone: 1 } }, /ran without a worker/],
    ['a word that is lost', { ...good, wait: { ...wait, event: 'other' } }, /the word .* is not in the log/],
    ['a command that never ran', { ...good, ledger: 0 }, /has 0 lines, 1 expected/],
    ['a run that history does not have', { ...good, history: refused.history }, /history has no run/],
    ['an agent that gave up', { ...good, answer: 'I stop here' }, /did not finish: "I stop here"/],
    ['a denied command that ran', { ...refused, ledger: 1 }, /has 1 lines, 0 expected/],
    ['a denied command in history', { ...refused, history }, /history has a run of the command/],
    ['a note that was not heard', { ...refused, answer: 'I stop.' }, /did not hear the note: "I stop\."/],
    ['a turn that failed', { ...good, stopReason: 'retries_exhausted' }, /did not end its turn: retries_exhausted/],
  ])('fails for %s', (_what, evidence, problem) => {
    const { ok, problems } = judgeApproval(evidence)
    expect([ok, problems]).toEqual([false, [expect.stringMatching(problem)]])
  })
})
