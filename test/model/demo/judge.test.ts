import { describe, expect, test } from 'vitest'
import { answerJudge } from '../../../src/model/demo/judge.ts'
import { currentHarness } from '../../../src/model/harness.ts'
import { user } from './conversation-builders.ts'

const system = [{ type: 'text', text: currentHarness.judge?.prompt ?? '' }]

describe('the demo model as a judge', () => {
  test('says of each call what its words ask for', () => {
    const calls = ['The calls:', '1: {"command":"ls"}', '2: {"command":"x #deny"}', '3: {"command":"1: #unclear"}']
    expect(answerJudge({ system, messages: [user('1: #deny', calls.join('\n'))] })?.blocks).toEqual([
      { type: 'text', text: '1: ALLOW\n2: DENY\n3: hm' },
    ])
  })

  test('judges nothing unless it is asked to', () => {
    expect(answerJudge({ system: [{ type: 'text', text: 'Be brief.' }], messages: [user('1: x')] })).toBeUndefined()
  })
})
