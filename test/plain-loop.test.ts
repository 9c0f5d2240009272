import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Script } from '../src/demo-script.ts'
import { openScript } from '../src/demo-script.ts'
import { identifyProcess } from '../src/dev/process-identity.ts'
import { temporaryFolder, untilGone } from './support/programs.ts'

interface Opened {
  readonly script: Script
  readonly folder: string
}

async function open(): Promise<Opened> {
  const parent = await temporaryFolder()
  const folder = join(parent, 'plain-loop')
  const script = await openScript({ env: process.env, folder: parent })
  onTestFinished(() => script[Symbol.asyncDispose]())
  return { script, folder }
}

function program(...lines: readonly string[]): string {
  return ['#program', ...lines].join('\n')
}

function call(name: string, input: object): string {
  return `TOOL ${name} ${JSON.stringify(input)}`
}

/** Until the file is there. */
async function untilWritten(path: string): Promise<string> {
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => '')
    if (text !== '') return text
    await sleep(20)
  }
}

describe('the plain loop', { timeout: 30_000 }, () => {
  test('does what the model asks for in its folder, and prints the last words', async () => {
    const { script, folder } = await open()
    const { plainLoop } = script
    plainLoop.start(
      program(
        call('write', { file_path: 'a.txt', content: 'one $& two' }),
        call('edit', { file_path: 'a.txt', old_string: 'two', new_string: '$& three' }),
        call('bash', { command: 'cat a.txt; echo oops >&2; exit 3' }),
        call('bash', { command: 'true' }),
        call('edit', { file_path: 'none.txt', old_string: 'a', new_string: 'b' }),
        'SAY All done.',
      ),
    )
    expect(await plainLoop.ended()).toEqual({ code: 0, printed: 'All done.\n' })
    expect(await readFile(join(folder, 'a.txt'), 'utf8')).toBe('one $& $& three')
    const said = plainLoop.requests().at(-1)?.join('\n') ?? ''
    expect(said).toContain('one $& $& threeoops\\nexit 3')
    expect(said).toContain('(no output)')
    expect(said).toMatch(/ENOENT.*"is_error":true/)
    expect(await plainLoop.look('cat a.txt')).toBe('one $& $& three')
  })

  test('puts to the model what is typed while it runs', async () => {
    const { script, folder } = await open()
    const { plainLoop } = script
    plainLoop.start(program(call('bash', { command: 'echo up > up; while [ ! -e go ]; do sleep 0.05; done' })))
    await untilWritten(join(folder, 'up'))
    expect(await plainLoop.type('hello there')).toBe(true)
    await writeFile(join(folder, 'go'), '')
    expect(await plainLoop.ended()).toMatchObject({ code: 0 })
    expect(plainLoop.requests().at(-1)?.at(-1)).toContain('hello there')
  })

  test('knows nothing when it is started again after a kill, and what it had started goes on', async () => {
    const { script, folder } = await open()
    const { plainLoop } = script
    const task = program(call('bash', { command: 'echo $$ >> pids; [ -e go ] || exec sleep 60' }))
    plainLoop.start(task)
    const left = Number(await untilWritten(join(folder, 'pids')))
    plainLoop.kill()
    expect(await plainLoop.ended()).toEqual({ code: null, printed: '' })
    expect(await plainLoop.type('is anybody there?')).toBe(false)
    expect(identifyProcess(left)).toBeDefined()
    expect(plainLoop.requests().map((messages) => messages.length)).toEqual([1])

    await writeFile(join(folder, 'go'), '')
    plainLoop.start(task)
    expect(await plainLoop.ended()).toMatchObject({ code: 0 })
    expect(plainLoop.requests().map((messages) => messages.length)).toEqual([1, 1, 3])
    expect(script.modelCalls()).toBe(0)
    await plainLoop[Symbol.asyncDispose]()
    await untilGone([left])
  })

  test('is no use for a model that is not the scripted one', async () => {
    const loop = join(import.meta.dirname, '../src/plain-loop.ts')
    const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), loop, 'do it'], {
      env: { PATH: process.env['PATH'], ANTHROPIC_BASE_URL: 'https://api.anthropic.com', ANTHROPIC_API_KEY: 'k' },
      stdio: 'ignore',
    })
    expect(await once(child, 'exit')).toEqual([1, null])
  })
})
