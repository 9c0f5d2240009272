import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { TerminalOptions } from './terminal.ts'
import { runOnTerminal } from './terminal.ts'

const asker = join(import.meta.dirname, '../../src/cli/ask-person.ts')
/** Asks when it is told to, with a signal that aborts when it is told again. */
const program = `
  import { once } from 'node:events'
  import { askPerson } from ${JSON.stringify(asker)}
  const awake = setInterval(() => undefined, 60_000)
  const withdrawing = new AbortController()
  const told = once(process, 'SIGUSR2')
  console.log('pid ' + process.pid + '.')
  await told
  process.once('SIGUSR2', () => withdrawing.abort())
  const answer = await askPerson('Well? ', withdrawing.signal).catch((error) => error.name)
  clearInterval(awake)
  console.log('answer ' + JSON.stringify({ answer }) + ' raw ' + process.stdin.isRaw)
`

const tell = (out: string): boolean => process.kill(Number(/pid (\d+)\./.exec(out)?.[1]), 'SIGUSR2')
const TYPED_AHEAD = 'y\n'

async function ask(...script: TerminalOptions['script']): Promise<string> {
  const args = ['--import', 'tsx', '--input-type=module', '-e', program]
  const { code, out } = await runOnTerminal({ args, env: { PATH: process.env['PATH'] }, script })
  expect(code).toBe(0)
  return out.replaceAll('\r', '')
}

describe('a question at a terminal', () => {
  test.each([
    ['a line', 'not today\r', '{"answer":"not today"}'],
    ['an empty line', '\r', '{"answer":""}'],
    ['Ctrl+C', '\u0003', '{"answer":null}'],
    ['Ctrl+D', '\u0004', '{}'],
  ])('takes %s for an answer, and leaves the terminal as it was', async (_what, typed, answer) => {
    const out = await ask([/pid \d+\./, tell], [/Well\? /, typed])
    expect(out.split('\n').slice(-3)).toEqual([expect.stringContaining('Well? '), `answer ${answer} raw false`, ''])
  })

  test('is not answered by what was typed before it stood there', async () => {
    const out = await ask([/pid \d+\./, TYPED_AHEAD], [/^y/m, tell], [/Well\? /, 'no\r'])
    expect(out).toContain('answer {"answer":"no"}')
  })

  test('is withdrawn, and the next line begins at the left', async () => {
    const out = await ask([/pid \d+\./, tell], [/Well\? /, tell])
    const last = ['answer {"answer":"AbortError"} raw false', '']
    expect(out.split('\n').slice(-3)).toEqual([expect.stringContaining('Well? '), ...last])
  })
})
