import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../support/programs.ts'
import { runOnTerminal } from './terminal.ts'

const args = ['--import', 'tsx', join(import.meta.dirname, '../../src/cli.ts'), 'demo', '--ask', '--sandbox', 'local']
const QUESTION = /Allow\? \[y\]es, \[N\]o, or a note for the agent: /

async function environment(): Promise<NodeJS.ProcessEnv> {
  const { PATH, HOME, XDG_CACHE_HOME, TEMPORAL_ADDRESS } = process.env
  return { PATH, HOME, XDG_CACHE_HOME, TEMPORAL_ADDRESS, TMPDIR: await temporaryFolder() }
}

describe('the demo that asks, with a real server', () => {
  test.each([
    [
      'runs the command once when it is allowed',
      'y\r',
      /^ {2}bash {4}sh ship\.sh +exit 0 · shipped · ledger\.txt: 1 line$/m,
    ],
    ['never runs it when it is denied, and tells the agent why', 'not today\r', /^agent {3}I stop here: not today$/m],
  ])(
    '%s',
    async (_what, typed, seen) => {
      const script = [[QUESTION, typed] as const]
      const { code, out } = await runOnTerminal({ args, env: await environment(), script })
      console.log(out)
      const told = out.replaceAll('\r', '')
      expect(code).toBe(0)
      expect(told).toMatch(/^ {2}✗ kill -9 \d+ +the worker is gone\. .*\n {4}in its sandbox: +ledger\.txt: 0 lines\n/m)
      expect(told).toMatch(seen)
      expect(told).toMatch(/^PASS {2}(\d+) events in the API = \1 in Temporal's history, 0 lost, 0 doubled/m)
    },
    240_000,
  )

  test('starts nothing without a terminal, and ends with 3', async () => {
    const env = await environment()
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toBe('Nothing was started: this demo asks a person, and there is no terminal to ask at.\n')
  })
})
