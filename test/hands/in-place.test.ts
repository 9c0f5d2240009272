import { spawn } from 'node:child_process'
import { access, chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { putInPlace } from '../../src/hands/in-place.ts'
import type { RunRequest, RunResult } from '../../src/hands/sandbox.ts'
import { SandboxLost } from '../../src/hands/sandbox.ts'
import { FakeSandbox } from './fake-provider.ts'

let folder = ''
let programs = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longhand-placed-'))
  programs = await mkdtemp(join(tmpdir(), 'longhand-programs-'))
})
afterEach(() => Promise.all([folder, programs].map((path) => rm(path, { recursive: true, force: true }))))

/** Runs commands with the shell of this machine; what they say, on stderr too, is kept by claim. */
class ShellSandbox extends FakeSandbox {
  readonly #said = new Map<string, Promise<string>>()

  override async run({ id, command, env, stdin }: RunRequest): Promise<RunResult> {
    const first = !this.#said.has(id)
    const said = this.#said.get(id) ?? shell(command, { ...env }, stdin)
    this.#said.set(id, said)
    return { reason: 'exit', code: 0, output: Buffer.from(await said), truncated: null, first, isCleared: false }
  }
}

async function shell(command: string, env: Record<string, string>, stdin: Uint8Array = Buffer.of()): Promise<string> {
  const PATH = `${programs}:${process.env['PATH']}`
  const child = spawn('sh', ['-c', `exec 2>&1\n${command}`], {
    env: { ...env, PATH },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.end(stdin)
  return text(child.stdout)
}

async function stage(maker: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, `.longhand-${maker}`, name)
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, content)
  }
}

const staged = (maker: string) => ({ id: 'placed', folder, maker, says: { of: maker } })
const namesIn = async () => (await readdir(folder)).toSorted()

describe('what makers have staged', () => {
  test('is put in place of one of them, and answered by all', async () => {
    const sandbox = new ShellSandbox()
    await stage('one', { a: '1', '.hidden': '1', '..odd': '1', 'sub/b': '1' })
    await stage('two', { a: '2' })
    expect(await putInPlace(sandbox, staged('one'))).toEqual({ says: { of: 'one' }, failed: 0 })
    expect(await namesIn()).toEqual(['..odd', '.hidden', 'a', 'sub'])
    await writeFile(join(folder, 'a'), 'changed by a command')
    await stage('two', { a: '2' })
    expect(await putInPlace(sandbox, staged('two'))).toEqual({ says: { of: 'one' }, failed: 0 })
    expect(await readFile(join(folder, 'a'), 'utf8')).toBe('changed by a command')
    expect(await namesIn()).not.toContain('.longhand-two')
  })

  test('is told of where it could not be moved', async () => {
    await stage('one', { a: '1', b: '1' })
    await mkdir(join(folder, 'a/full'), { recursive: true })
    expect(await putInPlace(new ShellSandbox(), staged('one'))).toMatchObject({ failed: 1 })
    expect(await namesIn()).toEqual(['a', 'b'])
  })

  test('takes the place of what was there before, where it is all', async () => {
    await stage('one', { 'src/kept': '1', '.hidden': '1' })
    await mkdir(join(folder, 'src'), { recursive: true })
    await writeFile(join(folder, 'src/removed by the agent'), 'of the image')
    await writeFile(join(folder, '.also removed'), 'of the image')
    const made = await putInPlace(new ShellSandbox(), { ...staged('one'), isAll: true })
    expect(made).toEqual({ says: { of: 'one' }, failed: 0 })
    expect(await namesIn()).toEqual(['.hidden', 'src'])
    expect(await readdir(join(folder, 'src'))).toEqual(['kept'])
  })

  test('is answered by a maker whose stage another one writes to while it is cleared away', async () => {
    await stage('one', { a: '1' })
    const complaint = "rm: cannot remove '.longhand-two': Directory not empty"
    await writeFile(join(programs, 'rm'), `#!/bin/sh\necho "${complaint}" >&2\nexit 1\n`)
    await chmod(join(programs, 'rm'), 0o755)
    expect(await putInPlace(new ShellSandbox(), staged('one'))).toEqual({ says: { of: 'one' }, failed: 0 })
    await access(join(folder, 'a'))
  })

  test.each(['', '0', '0\n', 'what is this\n0\n{}', 'what is this\n{}'])(
    'takes the sandbox with it when what was put in place is not known: %j',
    async (output) => {
      const sandbox = new FakeSandbox()
      sandbox.run = async () => ({
        reason: 'exit',
        code: 0,
        output: Buffer.from(output),
        truncated: null,
        first: true,
        isCleared: false,
      })
      await expect(putInPlace(sandbox, staged('one'))).rejects.toThrow(SandboxLost)
    },
  )
})
