import { describe, expect, test } from 'vitest'
import type { ToolContext } from '../../src/hands/hands.ts'
import { createSandboxHands } from '../../src/hands/sandbox-hands.ts'
import { SandboxLost } from '../../src/hands/sandbox.ts'
import { to } from '../store/builders.ts'
import { createFakeBindings } from './fake-bindings.ts'
import { createFakeProvider } from './fake-provider.ts'

function build() {
  const provider = createFakeProvider()
  const bindings = createFakeBindings()
  const said: string[] = []
  const log = {
    info: (_: object, text: string) => void said.push(text),
    warn: (_: object, text: string) => void said.push(text),
  }
  const hands = createSandboxHands({ provider, bindings, log })
  const other = createSandboxHands({ provider, bindings, log })
  const context = (toolUseId: string, more: Partial<ToolContext> = {}): ToolContext => ({
    sessionId: 'sesn_1',
    toolUseId,
    abandoned: [],
    signal: new AbortController().signal,
    ...more,
  })
  const bash = (id: string, more: Partial<ToolContext> = {}) =>
    hands.execute('bash', { command: 'irrelevant here' }, context(id, more))
  const loseCurrent = async () => {
    const row = await bindings.current('sesn_1')
    const sandbox = provider.living.get(row?.reference ?? '')
    if (sandbox !== undefined) sandbox.isLost = true
    provider.living.delete(row?.reference ?? '')
  }
  return { provider, bindings, hands, other, context, bash, loseCurrent, said }
}

const lost = (generation: number) =>
  expect.objectContaining({
    isError: true,
    text: expect.stringMatching(`^The sandbox of this call \\(generation ${generation}\\) was lost`),
  })

describe('sandbox hands', () => {
  test('make no sandbox before a call that needs one', async () => {
    const { hands, provider, context } = build()
    expect(await hands.execute('bash', { command: 7 }, context('a'))).toEqual({
      isError: true,
      text: 'bash: expected command to be a string, got 7',
    })
    const unknown = await hands.execute('fly', {}, context('b'))
    expect(unknown.text).toBe(
      'fly: there is no such tool in the sandbox, expected one of bash, read, write, edit, glob, grep',
    )
    expect((await hands.execute('toString', {}, context('c'))).isError).toBe(true)
    expect(provider.made).toHaveLength(0)
  })

  test('make one at the first call and use it for the next', async () => {
    const { bash, provider, bindings, said } = build()
    expect(await bash('a')).toMatchObject({ isError: false, text: '(no output)' })
    expect(await bash('b')).toEqual({ isError: false, text: '(no output)' })
    expect(provider.made).toHaveLength(1)
    expect(provider.made[0]?.runs).toEqual(['a', 'b'])
    expect([...bindings.calls.values()]).toEqual([to(1), to(1)])
    expect(said).toEqual(['sandbox provisioned'])
  })

  test('make one for calls that come at once', async () => {
    const { bash, provider } = build()
    await Promise.all(['a', 'b', 'c'].map((id) => bash(id)))
    expect(provider.made).toHaveLength(1)
    expect(provider.destroyed).toEqual([])
  })

  test('destroy what lost the race of two that cannot see each other, and use the winner', async () => {
    const { hands, other, context, provider, bindings } = build()
    provider.isShared = false
    await Promise.all(
      [hands, other].map((one, index) => one.execute('bash', { command: ':' }, context(['a', 'b'][index]!))),
    )
    const row = await bindings.current('sesn_1')
    expect(provider.made).toHaveLength(2)
    expect([...provider.living.keys()]).toEqual([row?.reference])
    expect(provider.destroyed).not.toContain(row?.reference)
    expect(provider.living.get(row?.reference ?? '')?.runs.toSorted()).toEqual(['a', 'b'])
  })

  test('answer a retry from the generation that the call is bound to', async () => {
    const { bash, provider } = build()
    const first = await bash('a')
    expect(await bash('a')).toEqual(first)
    expect(provider.made[0]?.runs).toEqual(['a'])
  })

  test('never run a bound call in another generation', async () => {
    const { bash, provider, loseCurrent } = build()
    await bash('a')
    await loseCurrent()
    expect(await bash('a')).toEqual(lost(1))
    expect(provider.made).toHaveLength(1)
    await bash('b')
    expect(await bash('a')).toEqual(lost(1))
    expect(provider.made.map(({ runs }) => runs)).toEqual([['a'], ['first-call', 'b']])
  })

  test('end a call as lost when its sandbox dies under it, and make sure that it is gone', async () => {
    const { bash, provider, loseCurrent, said } = build()
    await bash('a')
    const [sandbox] = provider.made
    let open = () => {}
    if (sandbox !== undefined) sandbox.gate = new Promise((resolve) => (open = resolve))
    const running = bash('b')
    await expect.poll(() => sandbox?.runs).toEqual(['a', 'b'])
    await loseCurrent()
    open()
    expect(await running).toEqual(lost(1))
    expect(provider.destroyed).toHaveLength(1)
    expect(said).toEqual(['sandbox provisioned', 'sandbox lost'])
  })

  test('tell the first call after a loss what was lost, also in its retry, and no later call', async () => {
    const { bash, loseCurrent } = build()
    await bash('a')
    await loseCurrent()
    const first = await bash('b')
    expect(first).toMatchObject({
      isError: false,
      text: expect.stringMatching(
        /^\[This is a new sandbox \(generation 2\); the one before it was lost\.\nRestored: nothing of .*\]\n\n\(no output\)$/s,
      ),
    })
    expect(await bash('b')).toEqual(first)
    expect((await bash('c')).text).toBe('(no output)')
  })

  test('name the file of a long output, also in the retry and behind what was lost', async () => {
    const { bash, provider, loseCurrent } = build()
    await bash('a')
    await loseCurrent()
    await bash('b')
    const sandbox = provider.made[1]
    if (sandbox !== undefined) sandbox.says = 'x'.repeat(100_001)
    const first = await bash('c')
    expect(first.text).toContain('[100,002 bytes of output, too long to show. It is in /workspace/.outputs/c.txt: ')
    expect(await bash('c')).toEqual(first)
    expect([sandbox?.runs, sandbox?.kept]).toEqual([
      ['first-call', 'b', 'c'],
      ['c', 'c'],
    ])
  })

  test('end a call as lost when its sandbox dies before its long output is in a file', async () => {
    const { bash, provider, said } = build()
    await bash('a')
    const [sandbox] = provider.made
    if (sandbox === undefined) throw new Error('expected a sandbox')
    sandbox.says = 'x'.repeat(100_001)
    sandbox.keep = () => Promise.reject(new SandboxLost('killed'))
    expect(await bash('b')).toEqual(lost(1))
    expect(said).toEqual(['sandbox provisioned', 'sandbox lost'])
  })

  test('clear away what is left of a generation that was replaced', async () => {
    const { bash, provider, bindings, loseCurrent } = build()
    await bash('a')
    const gone = await bindings.current('sesn_1')
    await loseCurrent()
    await bash('b')
    expect(provider.destroyed).toEqual([gone?.reference])
  })

  test('end abandoned calls before the call starts, and keep those on their way from ever starting', async () => {
    const { bash, provider, bindings } = build()
    await bash('a')
    await bash('b', { abandoned: ['a', 'never_seen'] })
    expect(provider.made[0]?.cancelled).toEqual(['a', 'never_seen'])
    expect(bindings.calls.get('sesn_1 a')).toEqual(to(1))
    expect(bindings.calls.get('sesn_1 never_seen')).toEqual({ ...to(1), isGivenUp: true })
    await bash('never_seen')
    expect(provider.made[0]?.runs).toEqual(['a', 'b'])
  })

  test('leave abandoned calls of an earlier generation alone', async () => {
    const { bash, provider, loseCurrent } = build()
    await bash('a')
    await loseCurrent()
    await bash('b', { abandoned: ['a', 'unbound'] })
    expect(provider.made[1]?.cancelled).toEqual(['unbound'])
  })

  test('end abandoned calls even when the call itself cannot be made', async () => {
    const { bash, hands, context, provider } = build()
    await bash('a')
    await hands.execute('bash', {}, context('b', { abandoned: ['a'] }))
    expect(provider.made[0]?.cancelled).toEqual(['a'])
  })

  test('go on when the sandbox dies while abandoned calls are ended', async () => {
    const { bash, provider } = build()
    await bash('a')
    const [sandbox] = provider.made
    if (sandbox !== undefined) sandbox.isLost = true
    expect(await bash('b', { abandoned: ['a'] })).toEqual(lost(1))
    expect((await bash('c')).text).toContain('generation 2')
  })

  test('pass on that hands are unavailable, and bind nothing', async () => {
    const { bash, provider, bindings } = build()
    provider.provision = () => Promise.reject(new Error('no sandbox could be started'))
    await expect(bash('a')).rejects.toThrow('no sandbox could be started')
    expect(bindings.calls.size).toBe(0)
  })

  test('destroy every sandbox of a session and none of another', async () => {
    const { bash, hands, provider, loseCurrent } = build()
    await bash('a')
    await loseCurrent()
    await bash('b')
    await bash('c', { sessionId: 'sesn_2' })
    await provider.provision({ sessionId: 'sesn_1', generation: 9 })
    await hands.destroySession('sesn_1')
    await hands.destroySession('sesn_1')
    expect([...provider.living.keys()]).toEqual([expect.stringMatching(/^sesn_2\.1\./)])
    await hands.destroySession('sesn_unknown')
  })

  test('hand the signal to the command', async () => {
    const { bash, provider } = build()
    await bash('a')
    const controller = new AbortController()
    const [sandbox] = provider.made
    const signals: (AbortSignal | undefined)[] = []
    if (sandbox !== undefined)
      sandbox.run = (request) => {
        signals.push(request.signal)
        return Promise.reject(new SandboxLost('enough'))
      }
    await bash('b', { signal: controller.signal })
    expect(signals).toEqual([controller.signal])
  })
})
