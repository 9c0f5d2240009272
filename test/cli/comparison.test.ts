import { describe, expect, test } from 'vitest'
import type { OwnRun } from '../../src/cli/comparison.ts'
import { describeMissing, toComparison } from '../../src/cli/comparison.ts'
import type { PlainRun } from '../../src/cli/plain-run.ts'

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
const own: OwnRun = {
  crash,
  answer: 'Shipped once. Version 1.0.0.',
  listed: ['a', 'm', 'b'],
  history: { events: ['a', 'm', 'b'], modelCalls: 6, repeatedModelCalls: 0, attempts: new Map() },
  shipment: { ledger: 1, uploads: [1], total: 1 },
  modelCalls: 6,
  ms: 12_500,
}
const plain: PlainRun = {
  shipment: { ledger: 2, uploads: [1, 2, 1], total: 2 },
  modelCalls: 11,
  messages: 9,
  kept: 1,
  isTaken: false,
  isTold: false,
  answer: 'Shipped once.',
  ms: 17_040,
  downMs: 2000,
}

describe('the comparison', () => {
  test('shows both sides in columns, and how the other one was made', () => {
    expect(toComparison(own, plain)).toEqual([
      'compared                       Longhand          a plain loop',
      '  ledger.txt                   1 line            2 lines',
      '  model calls                  6                 11',
      '  lost in the crash            0 of 3 events     8 of 9 messages',
      '  the message meanwhile        answered          lost: nobody was there',
      '  from task to end             12.5 s            17.0 s',
      "  Same task, model and kill. The plain loop's conversation is in memory alone;",
      '  2.0 s after the kill a person starts it again with the same words.',
      '  It ends with: "Shipped once."',
    ])
  })

  test('fits a terminal of 80 columns', () => {
    expect(Math.max(...toComparison(own, plain).map((line) => line.length))).toBeLessThanOrEqual(80)
  })

  test.each([
    ['an event of ours lost', { listed: ['a', 'm'] }, {}, / 1 of 3 events /],
    ['a message of ours not answered', { answer: 'Shipped once.' }, {}, / not answered +lost/],
    ['a message of ours not in the log', { listed: ['a', 'b'] }, {}, / not answered +lost/],
    ['no crash of ours', { crash: null }, {}, / not answered +lost/],
    ['a plain loop that ran the command once', {}, { shipment: plain.shipment, modelCalls: 1 }, /6 +1$/m],
    ['a plain loop that kept everything', {}, { kept: 9 }, / 0 of 9 messages/],
    ['a message that was read and forgotten', {}, { isTaken: true }, / lost$/m],
    ['a message that reached the model', {}, { isTold: true }, / reached the model$/m],
  ])('tells of %s as it was', (_what, ours, theirs, told) => {
    expect(toComparison({ ...own, ...ours }, { ...plain, ...theirs }).join('\n')).toMatch(told)
  })

  test('says why there is none', () => {
    expect(describeMissing(new Error('it ended before'), 'http://x')).toEqual([
      'compared  not measured, the plain loop did not do its part: it ended before',
    ])
  })
})
