import { expect, test } from 'vitest'
import { outputOf, show } from '../local-sandboxes.ts'
import type { SandboxProviderSetup } from './support.ts'
import { limits, run, shared, slow, slowOutput, textOf, until } from './support.ts'

export function running(setup: SandboxProviderSetup): void {
  test.each([
    ['exit code and both streams', { command: 'echo out; echo err >&2; exit 3' }, 'out\nerr\n', 3],
    ['no output', { command: 'true' }, '', 0],
    ['death by signal', { command: 'kill -KILL $$' }, '', 137],
    ['stdin', { command: 'cat; echo .', stdin: Buffer.from('in\0put') }, 'in\0put.\n', 0],
    ['stdin behind a command without a line break', { command: 'wc -c', stdin: Buffer.from('abc') }, '3\n', 0],
    ['empty stdin', { command: 'cat; echo end' }, 'end\n', 0],
    ['environment', { command: 'echo "$GREETING"', env: { GREETING: "it's = fine" } }, "it's = fine\n", 0],
    ['bash', { command: 'a=(1 2); echo "${a[1]} $0"', shell: 'bash' as const }, '2 bash\n', 0],
    ['a syntax error', { command: 'if' }, expect.stringMatching(/syntax error/i), 2],
    ['an empty command', { command: '' }, '', 0],
    ['unicode and quotes', { command: `echo 'ü "$x" \\ 🙂'` }, 'ü "$x" \\ 🙂\n', 0],
    ['the working folder', { command: 'pwd' }, '/workspace\n', 0],
  ])('gives back %s', async (_, request, text, code) => {
    const { sandbox } = await shared(setup)
    const result = await run(sandbox, request.command, request)
    expect(result).toMatchObject({ reason: 'exit', code, truncated: null, first: true })
    expect(show(result.output)).toEqual(text)
  })

  test('takes a command of 500 KB, byte by byte', async () => {
    const { sandbox } = await shared(setup)
    const long = 'ü🙂x'.repeat(60_000)
    const result = await run(sandbox, `printf %s '${long}' | sha256sum; printf %s '${long}' | wc -c`)
    const { createHash } = await import('node:crypto')
    expect(show(result.output)).toBe(
      `${createHash('sha256').update(long).digest('hex')}  -\n${Buffer.byteLength(long)}\n`,
    )
  })

  test('happens once for callers that ask twice, and tells which was first', async () => {
    const { sandbox } = await setup.open()
    const request = { id: 'same', command: slow, ...limits }
    const results = await Promise.all([sandbox.run(request), sandbox.run(request), sandbox.run(request)])
    const later = await sandbox.run({ ...request, command: 'echo other' })
    for (const result of [...results, later]) expect(result).toMatchObject({ reason: 'exit', code: 7 })
    expect([...results, later].map(({ output: bytes }) => show(bytes))).toEqual(Array(4).fill(slowOutput))
    expect(results.filter(({ first }) => first)).toHaveLength(1)
    expect(await textOf(sandbox, 'cat ledger')).toBe('ran\n')
  })

  test('happens once for callers so close that all of them come before the claim', async () => {
    const { sandbox } = await setup.open()
    const [rounds, callers] = [10, 6]
    for (let round = 0; round < rounds; round++) {
      // A long command arrives on stdin, which is read between the look for a claim and the claim.
      const command = `echo ran >> ledger; : ${'x'.repeat(50_000)}`
      const request = { id: `close_${round}`, command, ...limits }
      const results = await Promise.all(Array.from({ length: callers }, () => sandbox.run(request)))
      expect(results.filter(({ first }) => first)).toHaveLength(1)
    }
    expect(await textOf(sandbox, 'wc -l < ledger')).toBe(`${rounds}\n`)
    console.log(`close races for one id: ${rounds} of ${callers} callers each, one run each`)
  })

  test('happens once for five processes that race', async () => {
    const { row, sandbox } = await setup.open()
    const n = 5
    const task = { do: 'run', row, request: { id: 'raced', command: slow } } as const
    const answers = await Promise.all(Array.from({ length: n }, () => outputOf(setup.startClient(task))))
    const results = answers.map((text) => JSON.parse(text))
    for (const result of results) expect(result).toMatchObject({ reason: 'exit', code: 7, output: slowOutput })
    expect(results.filter(({ first }) => first)).toHaveLength(1)
    expect(await textOf(sandbox, 'cat ledger')).toBe('ran\n')
    console.log(`one id raced for by ${n} processes: 1 run`)
  })

  test('does not wait for another with another id, but for one of its queue', async () => {
    const { sandbox } = await setup.open()
    const meet = (name: string, other: string) => `touch ${name}; until [ -e ${other} ]; do sleep 0.02; done`
    const free = await Promise.all([run(sandbox, meet('a', 'b')), run(sandbox, meet('b', 'a'))])
    expect(free.map(({ code }) => code)).toEqual([0, 0])
    const alone = 'mkdir held && sleep 0.2 && rmdir held'
    const queued = await Promise.all([1, 2, 3].map(() => run(sandbox, alone, { queue: 'q' })))
    expect(queued.map(({ code }) => code)).toEqual([0, 0, 0])
  })

  test('returns while what it left in the background lives on', async () => {
    const { sandbox } = await setup.open()
    const command = '(until [ -e stop ]; do echo noise; sleep 0.05; done; echo stopped > after) & echo started'
    expect(show((await run(sandbox, command)).output)).toMatch(/^started\n(noise\n)*$|^(noise\n)*started\n(noise\n)*$/)
    expect(await textOf(sandbox, 'touch stop; until [ -s after ]; do sleep 0.05; done; cat after')).toBe('stopped\n')
  })

  test('makes the sandbox busy until it is done, and not what it left in the background', async () => {
    const { sandbox } = await setup.open()
    expect(await sandbox.busy()).toBe(false)
    const waiting = run(
      sandbox,
      'touch here; until [ -e go ]; do sleep 0.05; done; (setsid sleep 60 > /dev/null 2>&1 &)',
    )
    await until(sandbox, '[ -e here ]')
    expect(await sandbox.busy()).toBe(true)
    await run(sandbox, 'touch go')
    await waiting
    expect(await sandbox.busy()).toBe(false)
    await sandbox.cancel('given_up_before')
    await sandbox.write({ id: 'written', path: '/workspace/x', data: Buffer.from('x'), note: '' })
    expect(await sandbox.busy()).toBe(false)
  })

  test('is named while it runs or waits for its turn, those that wait first', async () => {
    const { sandbox } = await setup.open()
    expect(await sandbox.running()).toEqual([])
    const holder = run(sandbox, 'touch here; until [ -e go ]; do sleep 0.05; done', { id: 'a_holds', queue: 'q' })
    await until(sandbox, '[ -e here ]')
    const waiting = ['b_waits', 'z_waits'].map((id) => run(sandbox, 'true', { id, queue: 'q' }))
    await expect.poll(() => sandbox.running()).toHaveLength(3)
    const named = await sandbox.running()
    expect([named.slice(0, 2).toSorted(), named[2]]).toEqual([['b_waits', 'z_waits'], 'a_holds'])
    await run(sandbox, 'touch go')
    await Promise.all([holder, ...waiting])
    expect(await sandbox.running()).toEqual([])
  })

  test('whose worker was killed does not keep the sandbox busy', async () => {
    const { sandbox } = await setup.open()
    await run(sandbox, 'kill -9 -1').catch(() => {})
    expect(await sandbox.busy()).toBe(false)
  })

  test('lets the command meet SIGINT as usual', async () => {
    const { sandbox } = await shared(setup)
    expect(await run(sandbox, 'kill -INT $$; echo survived')).toMatchObject({ code: 130 })
  })
}

export function output(setup: SandboxProviderSetup): void {
  const cap = 20_480
  const tail = cap / 4
  /** The same bytes by a command in the sandbox, and here. */
  const generate = (bytes: number) =>
    `awk 'BEGIN { for (i = 0; i <= ${bytes / 8}; i++) printf "%07d\\n", i }' | head -c ${bytes}`
  const expected = (bytes: number) =>
    Buffer.from(Array.from({ length: bytes / 8 + 1 }, (_, i) => `${i}\n`.padStart(8, '0')).join('')).subarray(0, bytes)

  test.each([1, cap - 1, cap])('is kept whole up to the cap: %i bytes', async (bytes) => {
    const { sandbox } = await shared(setup)
    const result = await run(sandbox, generate(bytes), { capBytes: cap })
    expect(result.truncated).toBeNull()
    expect(expected(bytes).equals(result.output)).toBe(true)
  })

  test.each([cap + 1, cap + 4_000, cap + tail, 3_000_000])(
    'is exact head and tail above the cap: %i bytes',
    async (bytes) => {
      const { sandbox } = await shared(setup)
      const result = await run(sandbox, generate(bytes), { capBytes: cap })
      const whole = expected(bytes)
      expect(result.truncated).toEqual({ at: cap - tail, bytes: bytes - cap })
      expect(Buffer.concat([whole.subarray(0, cap - tail), whole.subarray(-tail)]).equals(result.output)).toBe(true)
    },
  )

  test('is byte-exact for bytes of every value', async () => {
    const { sandbox } = await shared(setup)
    const all = Buffer.from(Array.from({ length: 4096 }, (_, i) => i % 256))
    const { output: bytes } = await run(sandbox, 'cat', { stdin: all })
    expect(all.equals(bytes)).toBe(true)
  })

  test('of a command without end is cut and the command not blocked', async () => {
    const { sandbox } = await shared(setup)
    const result = await run(sandbox, 'yes', { timeoutMs: 700, capBytes: 8_192 })
    expect(result.reason).toBe('timeout')
    expect(result.output).toHaveLength(8_192)
    expect(result.truncated?.bytes).toBeGreaterThan(0)
  })
}
