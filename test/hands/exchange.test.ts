import { describe, expect, test, vi } from 'vitest'
import type { ExecEnd, ExecOptions } from '../../src/hands/exec.ts'
import { checkName, createAsk, readScripts } from '../../src/hands/exchange.ts'
import { HandsUnavailable } from '../../src/hands/hands.ts'
import { createRunner, prepareRunner } from '../../src/hands/runner.ts'
import type { Sandbox } from '../../src/hands/sandbox.ts'
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

  test('has what was stopped inside go on while there is no answer, and no longer', async () => {
    vi.useFakeTimers()
    try {
      const { access } = build([])
      const verbs: string[] = []
      let say = (_: ExecEnd) => {}
      const exec = (argv: readonly string[]) => {
        verbs.push(argv[4] ?? '')
        if (argv[4] === 'wake') return Promise.reject(new HandsUnavailable('no room'))
        return new Promise<ExecEnd>((resolve) => (say = resolve))
      }
      const asking = createAsk({ ...access, exec })(question)
      await vi.advanceTimersByTimeAsync(9_999)
      expect(verbs).toEqual(['get'])
      await vi.advanceTimersByTimeAsync(1)
      expect(verbs).toEqual(['get', 'wake'])
      await vi.advanceTimersByTimeAsync(60_000)
      expect(verbs).toEqual(['get', 'wake', 'wake', 'wake'])
      say({ stdout: new Uint8Array(), stderr: 'longhand: file 3\n' })
      expect((await asking).words).toEqual(['file', '3'])
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test('has each that wakes what was stopped end after half a minute, or with the question', async () => {
    vi.useFakeTimers()
    try {
      const { access } = build([])
      const waking: (AbortSignal | undefined)[] = []
      let say = (_: ExecEnd) => {}
      const exec = (argv: readonly string[], { signal }: ExecOptions) => {
        if (argv[4] !== 'wake') return new Promise<ExecEnd>((resolve) => (say = resolve))
        waking.push(signal)
        return new Promise<ExecEnd>((_, reject) => signal?.addEventListener('abort', () => reject(new Error('over'))))
      }
      const asking = createAsk({ ...access, exec })(question)
      const areOver = () => waking.map((signal) => signal?.aborted)
      await vi.advanceTimersByTimeAsync(39_999)
      expect(areOver()).toEqual([false, false])
      await vi.advanceTimersByTimeAsync(1)
      expect(areOver()).toEqual([true, false])
      await vi.advanceTimersByTimeAsync(3_560_000 - 40_000)
      expect(areOver().filter((isOver) => isOver !== true)).toEqual([false])
      say({ stdout: new Uint8Array(), stderr: 'longhand: file 3\n' })
      await asking
      expect(areOver()).not.toContain(false)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test('asks nobody else when it is given up', async () => {
    const { asked, access } = build([])
    const over = new AbortController()
    const lanes = {
      ask: async () => {
        over.abort(new Error('given up'))
        return null
      },
      close() {},
      isEmpty: () => true,
    }
    const asking = createAsk({ ...access, lanes })({ ...question, signal: over.signal })
    await expect(asking).rejects.toThrow('given up')
    expect(asked).toEqual([])
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

  /** Answers nothing, but for what is let go. */
  const silent = (_: readonly string[], { signal }: ExecOptions) =>
    new Promise<ExecEnd>((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('let go'))))

  test.each<[string, (sandbox: Sandbox) => Promise<unknown>]>([
    ['busy', (sandbox) => sandbox.busy()],
    ['running', (sandbox) => sandbox.running()],
    ['cancel', (sandbox) => sandbox.cancel('sevt_1')],
    [
      'a run that is to end',
      (sandbox) => {
        const controller = new AbortController()
        const running = sandbox.run({ ...request, signal: controller.signal })
        controller.abort()
        return running
      },
    ],
  ])('is unavailable when %s has no answer in half a minute', async (_, ask) => {
    vi.useFakeTimers()
    try {
      const asking = ask(createRunner({ ...build([]).access, exec: silent })).catch((error: unknown) => error)
      await vi.advanceTimersByTimeAsync(30_000)
      expect(await asking).toEqual(new HandsUnavailable('the sandbox gives no answer for 30000 ms'))
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test.each([
    ['before it began', true],
    ['while it ran', false],
  ])('is unavailable when a command that was cancelled %s is not told of in half a minute', async (_, isLate) => {
    vi.useFakeTimers()
    try {
      const exec = (argv: readonly string[], options: ExecOptions) =>
        argv.includes('cancel')
          ? Promise.resolve({ stdout: new Uint8Array(), stderr: 'longhand: cancelled\n' })
          : silent(argv, options)
      const controller = new AbortController()
      if (isLate) controller.abort()
      const running = createRunner({ ...build([]).access, exec }).run({ ...request, signal: controller.signal })
      const ended: unknown[] = []
      running.catch((error: unknown) => ended.push(error))
      controller.abort()
      await vi.advanceTimersByTimeAsync(29_999)
      expect(ended).toEqual([])
      await vi.advanceTimersByTimeAsync(1)
      expect(String(ended[0])).toContain('does not tell of a command that was cancelled for 30000 ms')
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
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

  test('takes nothing for the id of a running command that could be none', async () => {
    const stdout = 'sevt_1\n\n../calls\na b\n-\n.\nsevt_2.x\n'
    const { asked, access } = build(['longhand: yes\n'], { stdout })
    expect(await createRunner(access).running()).toEqual(['sevt_1', 'sevt_2.x'])
    expect(asked[0]?.argv.slice(4)).toEqual(['busy', 'b00', '-'])
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
