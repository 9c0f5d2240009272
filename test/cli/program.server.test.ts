import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../support/programs.ts'

interface Ended {
  readonly code: unknown
  readonly out: string
  readonly err: string
}

const root = join(import.meta.dirname, '../..')

/** Runs the command as a person would, without a terminal. */
async function longhand(args: readonly string[]): Promise<Ended> {
  const home = await temporaryFolder()
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'src/cli.ts'), ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, out, err }
}

describe('longhand', () => {
  test.each([
    ['no command', [], 2, /^Usage: longhand/],
    ['an unknown option', ['dev', '--bogus'], 2, /unknown option '--bogus'/],
    [
      'no server',
      ['run', 'hello', '--json'],
      5,
      /^no server answers at http:\/\/127\.0\.0\.1:8787: start one with npm start/,
    ],
    [
      'an agent of yours that is to ask',
      ['run', 'hello', '--ask', '--agent', 'agent_1'],
      2,
      /^--ask goes with the agent/,
    ],
    ['two demos at once', ['demo', '--ask', '--live', 'hello'], 2, /^--ask and --live are two demos: choose one/],
    ['no server to point at', ['env'], 5, /^no longhand dev runs on this data folder/],
    [
      'a data folder that cannot be',
      ['dev', '--data', '/dev/null/x'],
      5,
      /^the data folder \/dev\/null\/x cannot be made\. /,
    ],
  ])('says in plain words what is wrong: %s', async (_what, args, code, said) => {
    const ended = await longhand(args)
    expect(ended).toMatchObject({ code, out: '' })
    expect(ended.err).toMatch(said)
    expect(ended.err).not.toMatch(/\n\s+at /)
  })

  test('prints help and version on stdout', async () => {
    const help = await longhand(['--help'])
    expect([help.code, help.err]).toEqual([0, ''])
    for (const command of ['dev', 'run', 'env', 'doctor', 'demo', 'migrate', 'keys', 'workspaces'])
      expect(help.out).toContain(`  ${command} `)
    expect(await longhand(['--version'])).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })
})
