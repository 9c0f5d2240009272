import { to } from '../store/builders.ts'
import { describe, expect, test } from 'vitest'
import { createSandboxHands } from '../../src/hands/sandbox-hands.ts'
import type { ToolContext, ToolOutcome } from '../../src/hands/hands.ts'
import { createFakeBindings } from './fake-bindings.ts'
import { outputOf, useLocalSandboxes } from './local-sandboxes.ts'
import { until } from './provider/support.ts'

const sandboxes = useLocalSandboxes()
const log = { info: () => {}, warn: () => {} }
let serial = 0

/** Two workers on one store, one session: each `bash` may be made by either. */
function build() {
  const bindings = createFakeBindings()
  const sessionId = `sesn_hands${process.pid}x${++serial}`
  const workers = [1, 2].map(() => createSandboxHands({ provider: sandboxes.provider, bindings, log }))
  const bash = (worker: number, toolUseId: string, command: string, more: Partial<ToolContext> = {}) => {
    const context = { sessionId, toolUseId, abandoned: [], signal: new AbortController().signal, ...more }
    const hands = workers[worker]
    if (hands === undefined) throw new Error(`expected worker 0 or 1, got ${worker}`)
    return hands.execute('bash', { command }, context)
  }
  return { bash, bindings, hands: workers[0], sessionId }
}

const lost: ToolOutcome = { isError: true, text: expect.stringContaining('was lost before the call gave a result') }

describe('sandbox hands over local sandboxes', () => {
  test('join the command of another worker', async () => {
    const { bash } = build()
    const command = 'echo run >> ledger; sleep 0.3; cat ledger'
    const outcomes = await Promise.all([bash(0, 'a', command), bash(1, 'a', command), bash(0, 'a', command)])
    expect(outcomes.map(({ text }) => text)).toEqual(['run', 'run', 'run'])
  })

  test('put a long output into one file, whichever worker asks', async () => {
    const { bash } = build()
    const command = 'echo run >> ledger; seq 1500000'
    const outcomes = await Promise.all([bash(0, 'long', command), bash(1, 'long', command), bash(0, 'long', command)])
    const file = '/workspace/.outputs/long.txt'
    const note = `[10,888,896 bytes of output, too long to show. It is in ${file} but for 386,752 bytes in the middle: `
    for (const { text } of outcomes) expect(text).toContain(note)
    expect(new Set(outcomes.map(({ text }) => text)).size).toBe(1)
    const look = `cat ledger; head -c 10485760 ${file} | cmp - <(seq 1500000 | head -c 10485760) && tail -1 ${file}`
    expect((await bash(1, 'look', look)).text).toBe('run\n1500000')
    expect((await bash(0, 'list', 'ls -A .outputs')).text).toBe('.gitignore\nlong.txt')
  })

  const rounds = 3
  const command = (id: string) => `echo ${id} >> ledger; until [ -e go ]; do sleep 0.02; done; echo ${id} ends`

  /** A worker of its own process has bound and started `a` and `b`, both are running, and it is killed. */
  async function killWorkerMidCalls() {
    const session = build()
    const { row, sandbox } = await sandboxes.open(session.sessionId)
    await session.bindings.replace(0, row)
    for (const id of ['a', 'b']) await session.bindings.bind(session.sessionId, id, to(1))
    const clients = ['a', 'b'].map((id) =>
      sandboxes.startClient({ do: 'run', row, request: { id, command: command(id) } }),
    )
    await until(sandbox, '[ "$(wc -l < ledger)" = 2 ]')
    for (const client of clients) {
      const ended = outputOf(client)
      client.kill('SIGKILL')
      expect(await ended).toBe('')
    }
    return { ...session, row, sandbox }
  }

  test.each([
    ['a', 'b'],
    ['b', 'a'],
  ])(
    `never run two parallel calls twice when their worker is killed, retried %s before %s (n = ${rounds})`,
    async (first, second) => {
      for (let round = 0; round < rounds; round++) {
        const { bash, sandbox } = await killWorkerMidCalls()
        const retries = [bash(0, first, command(first)), bash(1, second, command(second))]
        await sandbox.run({ id: 'go', command: 'touch go', timeoutMs: 30_000, capBytes: 0 })
        expect(await Promise.all(retries)).toEqual(
          [first, second].map((id) => ({ isError: false, text: `${id} ends` })),
        )
        expect((await bash(0, 'count', 'sort ledger')).text).toBe('a\nb')
      }
    },
  )

  test.each([
    ['a', 'b'],
    ['b', 'a'],
  ])(
    `never run them again when the sandbox is killed too, retried %s before %s (n = ${rounds})`,
    async (first, second) => {
      for (let round = 0; round < rounds; round++) {
        const { bash, row } = await killWorkerMidCalls()
        await sandboxes.kill(row)
        expect(await bash(0, first, command(first))).toEqual(lost)
        expect(await bash(1, second, command(second))).toEqual(lost)
        const next = await bash(1, 'next', 'cat ledger 2>&1')
        expect(next.text).toMatch(
          /^\[This is a new sandbox \(generation 2\).*\n\ncat: ledger: No such file or directory\nexit 1$/s,
        )
        expect(await bash(0, second, command(second))).toEqual(lost)
        expect(await bash(1, first, command(first))).toEqual(lost)
        expect((await bash(0, 'after', 'ls')).text).toBe('(no output)')
      }
    },
  )

  test('end what an abandoned call left before the next call', async () => {
    const { bash } = build()
    const abandoned = bash(0, 'slow', 'touch begun; sleep 300')
    const looking = bash(1, 'look', 'echo next', { abandoned: ['slow'] })
    expect(await looking).toEqual({ isError: false, text: 'next' })
    expect(await abandoned).toMatchObject({ isError: true, text: expect.stringContaining('given up') })
    expect((await bash(1, 'ps', `ps -e -o args | grep -c '^sleep 300'`)).text).toBe('0\nexit 1')
  })

  test('destroy what a session has', async () => {
    const { bash, hands, sessionId } = build()
    await bash(0, 'a', 'true')
    await hands?.destroySession(sessionId)
    expect((await sandboxes.provider.list()).filter((row) => row.sessionId === sessionId)).toEqual([])
  })
})
