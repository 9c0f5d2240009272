import { describe, expect, test } from 'vitest'
import type { ToolContext } from '../../src/hands/hands.ts'
import type { SandboxHands } from '../../src/hands/sandbox-hands.ts'
import { createSandboxHands } from '../../src/hands/sandbox-hands.ts'
import { createWhereabouts } from '../../src/hands/whereabouts.ts'
import { createFakeBindings } from './fake-bindings.ts'
import { createFakeProvider } from './fake-provider.ts'

type State = 'beating' | 'silent' | 'unknown'

/** Two hosts on one store; `states` are what the registry says of them, to everybody. */
function build() {
  const bindings = createFakeBindings()
  const states = new Map<string, State>()
  const warned: unknown[] = []
  const log = { info: () => undefined, warn: (about: unknown) => void warned.push(about) }
  const open = (name: string) => {
    const provider = { ...createFakeProvider(), isShared: false, host: async () => name }
    states.set(name, 'beating')
    const registry = { look: async (host: string): Promise<State> => states.get(host) ?? 'silent' }
    const whereabouts = createWhereabouts({ own: [name], registry, pause: async () => undefined })
    return { provider, hands: createSandboxHands({ provider, bindings, whereabouts, log }) }
  }
  return { bindings, states, warned, one: open('one'), two: open('two') }
}

function context(toolUseId: string, more: Partial<ToolContext> = {}): ToolContext {
  const { signal } = new AbortController()
  return { sessionId: 'sesn_1', toolUseId, abandoned: [], signal, known: 0, ...more }
}

function bash({ hands }: { readonly hands: SandboxHands }, id: string, more: Partial<ToolContext> = {}) {
  return hands.execute('bash', { command: 'irrelevant here' }, context(id, more))
}

describe('a call whose sandbox is on another host', () => {
  test('is sent there, runs nothing here and is bound to nothing', async () => {
    const { one, two, bindings } = build()
    expect(await bash(one, 'a')).toMatchObject({ isError: false, made: { generation: 1, host: 'one' } })
    expect(await bash(two, 'b')).toEqual({ text: '', isError: false, elsewhere: 'one' })
    expect(two.provider.made).toEqual([])
    expect([...bindings.calls.keys()]).toEqual(['sesn_1 a'])
    expect(await bash(one, 'b', { known: 1 })).toMatchObject({ isError: false, text: '(no output)' })
  })

  test('leaves what was given up to that host too', async () => {
    const { one, two } = build()
    await bash(one, 'a')
    await bash(two, 'b', { abandoned: ['a'] })
    expect(one.provider.made[0]?.cancelled).toEqual([])
    await bash(one, 'b', { abandoned: ['a'], known: 1 })
    expect(one.provider.made[0]?.cancelled).toEqual(['a'])
  })

  test('tells the operator what was given up in another hand, on that host', async () => {
    const { one, two, warned } = build()
    const hands = async () => ['gpu']
    await one.hands.execute('bash', { command: 'irrelevant', environment: 'gpu' }, context('a', { hand: 'gpu', hands }))
    expect(await bash(two, 'b', { abandoned: ['a'] })).toMatchObject({ isError: false, made: { host: 'two' } })
    expect(one.provider.made[0]?.cancelled).toEqual([])
    expect(warned).toContainEqual(
      expect.objectContaining({ hand: 'gpu', call: 'a', reason: expect.stringContaining('host one') }),
    )
  })

  test('is sent there too when it had made one itself and another was faster', async () => {
    const { one, two, bindings } = build()
    // Fakes count what they make; elsewhere no two sandboxes have the same reference.
    const { reference } = await one.provider.provision({ sessionId: 'sesn_0', generation: 1 })
    const { replace } = bindings
    bindings.replace = async (expected, next) => {
      bindings.replace = replace
      await bash(two, 'other')
      return replace(expected, next)
    }
    expect(await bash(one, 'a')).toMatchObject({ elsewhere: 'two' })
    expect([...one.provider.living.keys()]).toEqual([reference])
    expect(await bash(two, 'a', { known: 1 })).toMatchObject({ isError: false, text: '(no output)' })
    expect(two.provider.made).toHaveLength(1)
  })

  test('gets a new one when nothing is heard of that host, and is told of it', async () => {
    const { one, two, states } = build()
    await bash(one, 'a')
    states.set('one', 'silent')
    const told = await bash(two, 'b', { known: 1 })
    expect(told).toMatchObject({ isError: false, made: { generation: 2, host: 'two' } })
    expect(told.text).toContain('its host one takes no calls any more')
    expect(await bash(one, 'c', { known: 2 })).toMatchObject({ elsewhere: 'two' })
  })

  test('ends as lost when it was bound there, and is not run again', async () => {
    const { one, two, states, bindings } = build()
    await bash(one, 'a')
    await bindings.bind('sesn_1', 'b', { hand: 'main', generation: 1 })
    states.set('one', 'silent')
    const lost = await bash(two, 'b', { known: 1 })
    expect(lost).toMatchObject({ isError: true })
    expect(lost.text).toContain('its host one takes no calls any more')
    expect(two.provider.made).toEqual([])
  })

  test('loses nothing while it cannot be told whether that host lives', async () => {
    const { one, two, states } = build()
    await bash(one, 'a')
    states.set('one', 'unknown')
    await expect(bash(two, 'b')).rejects.toThrow('cannot be told')
    states.set('one', 'beating')
    expect(await bash(two, 'b')).toMatchObject({ elsewhere: 'one' })
    expect(two.provider.made).toEqual([])
  })
})

describe('a sandbox that is made ahead of calls', () => {
  test('is the one that is there, on whichever host', async () => {
    const { one, two } = build()
    const { sessionId, signal } = context('none')
    const made = { generation: 1, host: 'one', provider: 'fake' }
    expect(await one.hands.prepare({ sessionId, signal })).toMatchObject({ made })
    expect(await one.hands.prepare({ sessionId, signal })).toMatchObject({ made })
    expect(await two.hands.prepare({ sessionId, signal })).toEqual({ elsewhere: 'one' })
    expect([one.provider.made.length, two.provider.made.length]).toEqual([1, 0])
  })

  test('is made anew where nothing is heard of its host', async () => {
    const { one, two, states } = build()
    const { sessionId, signal } = context('none')
    await one.hands.prepare({ sessionId, signal })
    states.set('one', 'silent')
    expect(await two.hands.prepare({ sessionId, signal })).toMatchObject({ made: { generation: 2, host: 'two' } })
  })
})
