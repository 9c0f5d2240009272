import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { startDemoModel } from '../../src/model/demo/demo-model.ts'
import { temporaryFolder } from '../support/programs.ts'
import { runOnTerminal } from './terminal.ts'

const root = join(import.meta.dirname, '../..')
const program = ['--import', 'tsx', join(root, 'src/cli.ts')]

interface Ended {
  readonly code: unknown
  readonly out: string
  readonly err: string
}

/** Runs the command as a person would: without a terminal, or on one where `typed` is the answer to its question. */
async function demo(args: readonly string[], settings: NodeJS.ProcessEnv, typed?: string): Promise<Ended> {
  const { PATH, HOME, XDG_CACHE_HOME, TEMPORAL_ADDRESS } = process.env
  const env = { PATH, HOME, XDG_CACHE_HOME, TEMPORAL_ADDRESS, TMPDIR: await temporaryFolder(), ...settings }
  const words = [...program, 'demo', ...args]
  if (typed !== undefined)
    return { ...(await runOnTerminal({ args: words, env, script: [[/\[y\/N\]/, typed]] })), err: '' }
  const child = spawn(process.execPath, words, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, out, err }
}

/** Another task than the demo's, with a command that takes its time. */
const task = ['#program', 'SAY "I wait."', 'TOOL bash {"command":"sleep 2; echo waited"}', 'SAY "Done waiting."'].join(
  '\n',
)

describe('a live demo', () => {
  test('with a real server shows the takeover, passes, and says what it spent', async () => {
    await using model = await startDemoModel({ apiKey: 'mine', delayMs: 5 })
    const env = { LONGHAND_MODEL_BASE_URL: model.url, ANTHROPIC_API_KEY: 'mine' }
    const { code, out, err } = await demo(['--live', task, '--model', 'claude-mine', '--yes'], env)
    console.log(out)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain(`model   claude-mine at ${new URL(model.url).host}, with your key\n`)
    expect(out).toMatch(/✗ kill -9 \d+ +the worker is gone, in the middle of bash\./)
    expect(out).toMatch(/✓ worker \d+ +took over .* \d+ events replayed\n/)
    expect(out).toContain('        waited\nagent   Done waiting.\n')
    expect(out).toMatch(/^spent {3}2 model calls, 0 of them made twice · tokens: \d+ in/m)
    expect(out).toMatch(/^PASS {2}(\d+) events in the API = \1 in Temporal's history, 0 lost, 0 doubled · /m)
    expect(model.requests).toHaveLength(2)
  }, 240_000)

  test('starts and spends nothing without a word of consent', async () => {
    await using model = await startDemoModel({ apiKey: 'mine' })
    const env = { LONGHAND_MODEL_BASE_URL: model.url, ANTHROPIC_API_KEY: 'mine' }
    const { code, out, err } = await demo(['--live', task], env)
    expect(code).toBe(3)
    expect(out).toContain('This spends:')
    expect(err).toMatch(/^Nothing was started or spent: .* give it with --yes\.\n$/)
    expect(model.requests).toEqual([])
  })

  test.each([
    ['no', 'n\r', 3],
    ['Ctrl+D', '\u0004', 3],
    ['Ctrl+C', '\u0003', 130],
  ])('asks at a terminal, and takes %s for an answer', async (_what, typed, expected) => {
    const { code, out } = await demo(['--live', task], { ANTHROPIC_API_KEY: 'sk-not-a-key' }, typed)
    expect(code).toBe(expected)
    expect(out).toContain('at api.anthropic.com, with your key')
    expect(out).toContain('Go ahead and spend? [y/N] ')
    expect(out).toContain('Nothing was started or spent.')
  })

  test.each([
    ['no model', ['--live', task], {}, /^a live demo needs a key for a real model\. Set ANTHROPIC_API_KEY /],
    ['no task', ['--live', ' '], { ANTHROPIC_API_KEY: 'k' }, /^the task is empty/],
    ['consent to nothing', ['--yes'], {}, /^--yes and --model go with --live/],
    ['a sandbox that there is not', ['--sandbox', 'none'], {}, /^--sandbox must be auto, docker or local/],
  ])('is refused with %s', async (_what, args, env, said) => {
    const { code, out, err } = await demo(args, env)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(said)
  })
})
