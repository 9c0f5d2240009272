import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import type { Call } from '../../src/cli/waiting.ts'
import { describeWaiting } from '../../src/cli/waiting.ts'
import { asks, calls, callsCustom } from './events.ts'

// The builders make what the wire carries.
const waiting = [
  asks('sevt_1', 'bash', { command: "echo 'hi'" }),
  callsCustom('sevt_2', 'weather', { city: 'Bonn' }),
  calls('sevt_3', 'read', { file_path: 'a' }),
] as Call[]

describe('what a session waits for', () => {
  test('is told with its calls', () => {
    expect(describeWaiting('sesn_1', waiting).slice(0, 5)).toEqual([
      'session sesn_1 waits for answers, however long that takes:',
      "  bash  echo 'hi'",
      '  weather',
      '        city: Bonn',
      '  read  a',
    ])
  })

  test('is answered by the command that is told, as a shell reads it', () => {
    const command = describeWaiting('sesn_1', waiting).slice(-2).join('\n').replace('curl', "printf '%s\\n'")
    const env = { PATH: process.env['PATH'], ANTHROPIC_BASE_URL: 'http://here', ANTHROPIC_API_KEY: 'k' }
    const said = execFileSync('sh', ['-c', command], { encoding: 'utf8', env }).trimEnd().split('\n')
    expect(said.slice(0, -1)).toEqual([
      '-sS',
      'http://here/v1/sessions/sesn_1/events',
      '-H',
      'x-api-key: k',
      '-H',
      'content-type: application/json',
      '-d',
    ])
    expect(JSON.parse(said.at(-1) ?? '')).toEqual({
      events: [
        { type: 'user.tool_confirmation', tool_use_id: 'sevt_1', result: 'allow' },
        { type: 'user.custom_tool_result', custom_tool_use_id: 'sevt_2', content: [{ type: 'text', text: '…' }] },
        { type: 'user.tool_result', tool_use_id: 'sevt_3', content: [{ type: 'text', text: '…' }] },
      ],
    })
  })

  test('is told in one line when nothing is known of its calls', () => {
    expect(describeWaiting('sesn_1', [])).toEqual(['session sesn_1 waits for answers, however long that takes'])
  })
})
