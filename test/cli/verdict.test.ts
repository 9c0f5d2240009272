import { describe, expect, test } from 'vitest'
import type { Evidence } from '../../src/cli/verdict.ts'
import { gatherEvidence, judge } from '../../src/cli/verdict.ts'
import { message, running, says } from './events.ts'
import { startFakeServer } from './fake-server.ts'
import { createFakeStage } from './fake-stage.ts'

const crash = {
  call: 'ship',
  killed: 1,
  successor: 2,
  aloneFrom: 2,
  aloneTo: 4,
  takenOverAt: 5,
  message: 'm',
  attempt: 2,
  replayed: 84,
}
const good: Evidence = {
  crash,
  answer: 'All 6 tests pass; shipped once.  Version 1.0.0.',
  stopReason: 'end_turn',
  listed: ['a', 'm', 'b'],
  history: { events: ['a', 'm', 'b'], modelCalls: 6, repeatedModelCalls: 0, attempts: new Map([['ship', 2]]) },
  shipment: { ledger: 1, uploads: [1, 2, 3], total: 3 },
  commandSeconds: 8,
  paid: 6,
}
const { history, shipment } = good

const broken: readonly (readonly [claim: string, change: Partial<Evidence>, problem: RegExp])[] = [
  ['an event lost', { listed: ['a', 'm'] }, /^1 events of history are not in the API$/],
  ['an event made up', { listed: ['a', 'm', 'b', 'c'] }, /^1 events of the API are not in history$/],
  ['an event doubled', { listed: ['a', 'm', 'b', 'b'] }, /stands in the API twice/],
  ['another order', { listed: ['m', 'a', 'b'] }, /in another order/],
  ['an empty log', { listed: [], history: { ...history, events: [] } }, /the API lists no event/],
  ['no model call', { history: { ...history, modelCalls: 0 } }, /history has no model call/],
  [
    'a model call repeated',
    { history: { ...history, repeatedModelCalls: 1 } },
    /^1 model calls were made more than once$/,
  ],
  ['a model call paid twice', { paid: 7 }, /the model's server got 7 requests for 6 model calls/],
  ['no crash', { crash: null }, /the worker was never killed/],
  ['the message lost', { crash: { ...crash, message: 'n' } }, /sent without a worker is not in the log/],
  ['the same worker', { crash: { ...crash, successor: 1 } }, /the one that was killed/],
  ['a command at rest', { crash: { ...crash, aloneTo: 2 } }, /not seen going on/],
  ['no replay', { crash: { ...crash, replayed: 0 } }, /did not replay/],
  ['a first attempt', { crash: { ...crash, attempt: 1 } }, /no second attempt/],
  ['another attempt', { history: { ...history, attempts: new Map([['ship', 3]]) } }, /not settled by the attempt/],
  ['a second run', { shipment: { ...shipment, ledger: 2 } }, /ledger\.txt has 2 lines/],
  ['no run', { shipment: { ...shipment, ledger: 0 } }, /ledger\.txt has 0 lines/],
  ['an upload doubled', { shipment: { ...shipment, uploads: [1, 2, 2, 3] } }, /the uploads were 1, 2, 2, 3 of 3/],
  ['an upload missing', { shipment: { ...shipment, uploads: [1, 2] } }, /the uploads were 1, 2 of 3/],
  ['no time of the command', { commandSeconds: null }, /how long the command ran/],
  ['an agent that gave up', { answer: 'I stop here. Version 1.0.0' }, /did not finish: "I stop here/],
  ['a message not answered', { answer: 'All 6 tests pass.' }, /did not take up the message/],
  ['a turn that failed', { stopReason: 'retries_exhausted' }, /did not end its turn: retries_exhausted/],
  ['a session that ended', { stopReason: null }, /it never became idle/],
]

describe('a verdict', () => {
  test('holds when every claim does', () => {
    expect(judge(good)).toEqual({
      ok: true,
      summary: "3 events in the API = 3 in Temporal's history, 0 lost, 0 doubled",
      problems: [],
    })
  })

  test('holds where nobody counts the requests', () => {
    expect(judge({ ...good, paid: null }).ok).toBe(true)
  })

  test.each(broken)('fails for %s', (_what, change, problem) => {
    const { ok, problems } = judge({ ...good, ...change })
    expect(ok).toBe(false)
    expect(problems).toEqual(expect.arrayContaining([expect.stringMatching(problem)]))
  })

  test('says in its summary what was lost and doubled', () => {
    expect(judge({ ...good, listed: ['a', 'a', 'm', 'm', 'x'] }).summary).toBe(
      "5 events in the API ≠ 3 in Temporal's history, 1 lost, 2 doubled",
    )
  })
})

describe('evidence', () => {
  test('is what API, history and sandbox say', async () => {
    const { client } = await startFakeServer({ listed: [running, message('m', 'hi'), says('a', 'done')] })
    const { stage } = createFakeStage({ client, history, commandSeconds: 7.5 })
    const play = { crash, answer: 'done', stopReason: 'end_turn' }
    expect(await gatherEvidence(stage, { session: 'sesn_1', play, shipment })).toEqual({
      ...play,
      listed: ['running', 'm', 'a'],
      history,
      shipment,
      commandSeconds: 7.5,
      paid: 6,
    })
  })
})
