import { describe, expect, test } from 'vitest'
import type { ExecEnd, ExecOptions } from '../../src/hands/exec.ts'
import { checkName, createAsk, readScripts } from '../../src/hands/exchange.ts'
import { HandsUnavailable } from '../../src/hands/hands.ts'
import { createRunner, prepareRunner } from '../../src/hands/runner.ts'
import { SandboxLost } from '../../src/hands/sandbox.ts'

/** Answers execs from a list; says what was asked. */
function build(stderrs: string[], { stdout = '', isAlive = true } = {}) {
  const asked: { argv: readonly string[]; options: ExecOptions }[] = []
  const exec = (argv: readonly string[], options: ExecOptions): Promise<ExecEnd> => {
    asked.push({ argv, options })
    return Promise.resolve({ stdout: Buffer.from(stdout), stderr: stderrs.shift() ?? '' })
  }
  return { asked, access: { exec, isAlive: () => Promise.resolve(isAlive), bootId: 'b00' } }
}

const question = { verb: 'get', id: 'sevt_1', rest: ['x y', 7] }

describe('ask', () => {
  test('passes verb, boot id, call and arguments to the script, and the words of the answer back', async () => {
    const { asked, access } = build(['noise\nlonghand: file 3\n'], { stdout: 'abc' })
    const { words, stdout } = await createAsk(access)({ ...question, stdin: Buffer.from('in') })
    expect(words).toEqual(['file', '3'])
    expect(Buffer.from(stdout).toString()).toBe('abc')
    expect(asked).toEqual([
      {
        argv: ['sh', '-c', expect.stringMatching(/\nserve "\$@"\n$/), 'runner', 'get', 'b00', 'sevt_1', 'x y', '7'],
        options: { stdin: Buffer.from('in') },
      },
    ])
  })

  test.each([
    [''],
    ['runner: 1: Cannot fork\n'],
    ['longhand: exit 0'],
    ['longhand: exit 0 3 9\nsh: noise behind it\n'],
  ])('takes %j for no answer and asks once more', async (stderr) => {
    const { asked, access } = build([stderr, 'longhand: written 0\n'])
    expect((await createAsk(access)(question)).words).toEqual(['written', '0'])
    expect(asked).toHaveLength(2)
  })

  test('is unavailable when a living sandbox gives no answer twice', async () => {
    const { access } = build(['one\n', 'Cannot fork\n'])
    const asking = createAsk(access)(question)
    await expect(asking).rejects.toThrow(HandsUnavailable)
    await expect(asking).rejects.toThrow('the sandbox lives but gives no answer: Cannot fork')
  })

  test.each([
    ['the sandbox is dead', [''], false],
    ['another sandbox answers', ['longhand: gone\n'], true],
  ])('is lost when %s', async (_, stderrs, isAlive) => {
    const { asked, access } = build(stderrs, { isAlive })
    await expect(createAsk(access)(question)).rejects.toThrow(SandboxLost)
    expect(asked).toHaveLength(1)
  })

  test.each(['', '../x', 'a/b', '-x', '.', 'a\nb', 'x'.repeat(129)])('refuses the name %j', (name) => {
    expect(() => checkName(name)).toThrow('expected a name')
  })
})

describe('the runner', () => {
  const request = { id: 'sevt_1', command: 'echo', timeoutMs: 1_500, capBytes: 9_000 }

  test('states limits in seconds and whole blocks, and sends a short command as an argument', async () => {
    const { asked, access } = build(['longhand: exit 0 0 8192 1\n'])
    await createRunner(access).run(request)
    const words = ['run', 'b00', 'sevt_1', '1.5', '8192', '2048', '8192', 'sh', '', '4', '4', 'echo']
    expect(asked[0]?.argv.slice(4)).toEqual(words)
    expect(asked[0]?.options).toEqual({})
  })

  test.each([
    [{ keepBytes: 1 }, '8192'],
    [{ keepBytes: 100_000 }, '98304'],
  ])('keeps whole blocks and never less than the cap: %j', async (more, keep) => {
    const { asked, access } = build(['longhand: exit 0 0 8192 1\n'])
    await createRunner(access).run({ ...request, ...more })
    expect(asked[0]?.argv[10]).toBe(keep)
  })

  test('sends a long command or one with input on stdin', async () => {
    const { asked, access } = build(['longhand: exit 0 0 8192 1\n', 'longhand: exit 0 0 8192 1\n'])
    await createRunner(access).run({ ...request, command: 'x'.repeat(50_000) })
    await createRunner(access).run({ ...request, stdin: Buffer.from('in') })
    expect(asked.map(({ argv }) => argv.slice(-3))).toEqual([
      ['50000', '50000', ''],
      ['4', '6', ''],
    ])
    expect(asked.map(({ options }) => options.stdin?.length)).toEqual([50_000, 6])
  })

  test('puts head and tail together without what overlaps', async () => {
    const body = 'h'.repeat(1_536) + 'm'.repeat(512) + 't'.repeat(512)
    const { access } = build(['longhand: exit 0 5000 2048 1\n'], { stdout: body })
    const result = await createRunner(access).run({ ...request, capBytes: 1 })
    expect(Buffer.from(result.output).toString()).toBe('h'.repeat(1_536) + 't'.repeat(512))
    expect(result.truncated).toEqual({ at: 1_536, bytes: 2_952 })
  })

  test.each([
    ['exit 0 10 8192 1', 'short'],
    ['exit 0 9000 8192 1', 'x'.repeat(8_192)],
  ])('does not take an output that came short for a result: %s', async (answer, stdout) => {
    const { access } = build([`longhand: ${answer}\n`], { stdout })
    await expect(createRunner(access).run(request)).rejects.toThrow(/^expected \d+ bytes of output, got \d+$/)
  })

  test('fails a run whose cancel failed', async () => {
    const controller = new AbortController()
    const { access } = build([])
    let release = (_: ExecEnd) => {}
    const exec = (argv: readonly string[]) =>
      argv.includes('cancel')
        ? Promise.resolve({ stdout: new Uint8Array(), stderr: 'Cannot fork\n' })
        : new Promise<ExecEnd>((resolve) => (release = resolve))
    const running = createRunner({ ...access, exec }).run({ ...request, signal: controller.signal })
    controller.abort()
    release({ stdout: new Uint8Array(), stderr: 'longhand: exit 0 0 8192 1\n' })
    await expect(running).rejects.toThrow('gives no answer: Cannot fork')
  })

  test.each([
    ['kept 0', { type: 'kept', path: '/workspace/.outputs/sevt_1.txt', missing: 0 }],
    ['kept 7', { type: 'kept', path: '/workspace/.outputs/sevt_1.txt', missing: 7 }],
    ['refused full', { type: 'refused', path: '/workspace/.outputs/sevt_1.txt', reason: 'full' }],
    ['lost', { type: 'lost' }],
  ])('tells of an output that it is %s', async (answer, result) => {
    const { asked, access } = build([`longhand: ${answer}\n`])
    expect(await createRunner(access).keep('sevt_1')).toEqual(result)
    expect(asked[0]?.argv.slice(4, 7)).toEqual(['keep', 'b00', 'sevt_1'])
  })

  test.each(['relative', '/a/../b', '/a//b', '/a/', '/a\nb', '/.'])('refuses the path %j', async (path) => {
    const { access } = build([])
    await expect(createRunner(access).read({ path, maxBytes: 1 })).rejects.toThrow('expected a plain absolute path')
  })

  test('has scripts without comments, one of them for process 1', () => {
    expect(readScripts('./runner.sh', './paths.sh')).not.toMatch(/^ *#/m)
    expect(prepareRunner('b00')).toContain('echo b00 > /run/longhand/boot')
  })
})
