import { describe, expect, test } from 'vitest'
import { HandsUnavailable } from '../../src/hands/hands.ts'
import type { ToolContext } from '../../src/hands/hands.ts'
import type { PlaceOptions } from '../../src/hands/places.ts'
import type { Recipe } from '../../src/hands/recipe.ts'
import { RecipeFailed } from '../../src/hands/recipe.ts'
import { createSandboxHands } from '../../src/hands/sandbox-hands.ts'
import { SandboxLost } from '../../src/hands/sandbox.ts'
import { to } from '../store/builders.ts'
import { createFakeBindings } from './fake-bindings.ts'
import { createFakeProvider } from './fake-provider.ts'
import { createFakeStores, stockFile } from './fake-stores.ts'

const log = { info: () => {}, warn: () => {} }
const receipt = /^\[This is a new sandbox \(generation (\d)\)/

/** Calls as workflows make them that know what the model was told. */
function build(more: Partial<PlaceOptions> = {}) {
  const provider = createFakeProvider()
  const [bindings, stores] = [createFakeBindings(), createFakeStores()]
  const hands = createSandboxHands({ provider, bindings, log, stores, ...more })
  const signal = new AbortController().signal
  const bash = (toolUseId: string, known: number, context: Partial<ToolContext> = {}) =>
    hands.execute(
      'bash',
      { command: ':' },
      { sessionId: 'sesn_1', toolUseId, abandoned: [], signal, known, ...context },
    )
  const present = async () => {
    const row = await bindings.current('sesn_1')
    if (row === null) throw new Error('expected a sandbox')
    return row
  }
  return {
    provider,
    bindings,
    stores,
    hands,
    bash,
    seeker: { sessionId: 'sesn_1', signal },
    lose: async () => provider.living.delete((await present()).reference),
    retire: async () => bindings.rows.set('sesn_1', { ...(await present()), retired: true }),
    present,
  }
}

describe('what the model knows of its sandbox', () => {
  test('is brought to the log with the first result, though there is nothing to tell', async () => {
    const { bash } = build()
    expect(await bash('a', 0)).toMatchObject({ text: '(no output)', made: { hand: 'main', generation: 1 } })
    expect(await bash('b', 1)).toEqual({ isError: false, text: '(no output)' })
  })

  test('is told with every result until it is known', async () => {
    const { bash, lose } = build()
    await bash('a', 0)
    await lose()
    const outcomes = [await bash('b', 1), await bash('c', 1), await bash('b', 1)]
    expect(outcomes.map(({ text }) => receipt.exec(text)?.[1])).toEqual(['2', '2', '2'])
    expect(outcomes[2]).toEqual(outcomes[0])
    expect(outcomes.map(({ made }) => made?.generation)).toEqual([2, 2, 2])
    expect(await bash('d', 2)).toEqual({ isError: false, text: '(no output)' })
  })

  test('lags behind by as many generations as were lost meanwhile', async () => {
    const { bash, lose } = build()
    for (const id of ['a', 'b', 'c']) {
      await bash(id, 0)
      await lose()
    }
    const { text, made } = await bash('d', 1)
    expect([receipt.exec(text)?.[1], made?.generation]).toEqual(['4', 4])
  })

  test('says of a generation from before anything was kept that nothing came back', async () => {
    const { bash, bindings, present, lose } = build()
    await bash('a', 0)
    await lose()
    await bash('b', 1)
    const { facts: _, ...row } = await present()
    bindings.rows.set('sesn_1', row)
    expect((await bash('c', 1)).text).toContain('Restored: nothing of /workspace (there was no copy).')
  })

  test('is told of such a generation once, whatever the log knows', async () => {
    const { bash, bindings, present, lose } = build()
    await bash('a', 0)
    await lose()
    await bash('b', 1)
    const { facts: _, ...bare } = await present()
    bindings.rows.set('sesn_1', bare)
    expect((await bash('c', 0)).text).toMatch(receipt)
    expect((await bash('d', 0)).text).toBe('(no output)')
    expect((await bash('c', 0)).text).toMatch(receipt)
  })
})

describe('a sandbox that was put away', () => {
  test('takes no call, and gives the next one a new sandbox', async () => {
    const { bash, retire, provider, bindings } = build()
    await bash('a', 0)
    await retire()
    const { text } = await bash('b', 1)
    expect(text).toContain('the one before it was put away while it was not used.')
    expect(bindings.calls.get('sesn_1 b')).toEqual(to(2))
    expect(provider.made.map(({ runs }) => runs)).toEqual([['a'], ['placed-outputs', 'b']])
  })

  test('answers a call that was bound before, while it lives', async () => {
    const { bash, retire, lose } = build()
    const first = await bash('a', 0)
    await retire()
    expect(await bash('a', 0)).toEqual(first)
    await lose()
    expect((await bash('a', 0)).text).toContain('(generation 1) was put away.')
  })

  /** A first call has left a command there when it is put away. */
  async function retireBusy() {
    const world = build()
    await world.bash('a', 0)
    const before = await world.present()
    await world.retire()
    const [sandbox] = world.provider.made
    if (sandbox === undefined) throw new Error('expected a sandbox')
    sandbox.isBusy = true
    return { ...world, sandbox, revive: () => world.bindings.rows.set('sesn_1', before) }
  }

  test('takes calls again when a command ran there', async () => {
    const { bash, bindings, revive, provider } = await retireBusy()
    const { current } = bindings
    let looks = 0
    bindings.current = async (...asked) => {
      if (++looks === 3) revive()
      return current(...asked)
    }
    expect(await bash('b', 1)).toEqual({ isError: false, text: '(no output)' })
    expect([provider.made.length, provider.destroyed]).toEqual([1, []])
  })

  test('is not ended as long as a command runs there that nobody gives it back for', async () => {
    const { bash, hands, seeker, provider, sandbox } = await retireBusy()
    await expect(bash('b', 1)).rejects.toThrow('is being put away, and a command runs there')
    await expect(hands.prepare(seeker)).rejects.toThrow(HandsUnavailable)
    expect([provider.made.length, provider.destroyed]).toEqual([1, []])
    sandbox.isLost = true
    expect((await bash('c', 1)).made?.generation).toBe(2)
  })

  test('is told as lost when it was before', async () => {
    const { bash, bindings, present, lose } = build()
    await bash('a', 0)
    await lose()
    bindings.rows.set('sesn_1', { ...(await present()), retired: true, isLost: true })
    expect((await bash('a', 0)).text).toContain('(generation 1) was lost before the call gave a result')
    expect((await bash('b', 1)).text).toContain('the one before it was lost.')
  })

  test('just when a call comes makes that look again', async () => {
    const { bash, retire, bindings } = build()
    await bash('a', 0)
    const { bind } = bindings
    bindings.bind = async (...asked) => {
      bindings.bind = bind
      await retire()
      return bind(...asked)
    }
    expect(receipt.exec((await bash('b', 1)).text)?.[1]).toBe('2')
    expect(bindings.calls.get('sesn_1 b')).toEqual(to(2))
  })

  test('time and again makes the hands unavailable', async () => {
    const { bash, bindings } = build()
    bindings.bind = async () => null
    await expect(bash('a', 0)).rejects.toThrow(HandsUnavailable)
  })
})

describe('a sandbox that cannot be what it is to be', () => {
  test('is told to the model, and tried again by the next call', async () => {
    const { bash, provider, bindings, hands, seeker } = build()
    const { provision } = provider
    provider.provision = () => Promise.reject(new RecipeFailed('packages of the environment: pip: no such thing'))
    const text = 'No sandbox could be made for this call: packages of the environment: pip: no such thing'
    expect(await bash('a', 0)).toEqual({ isError: true, text })
    expect(bindings.calls.size).toBe(0)
    await expect(hands.prepare(seeker)).rejects.toThrow(RecipeFailed)
    provider.provision = provision
    expect(await bash('b', 0)).toMatchObject({ isError: false })
  })
})

describe('a session with several hands', () => {
  const several = { hands: async () => ['gpu'] }
  const aimed = (hands: ReturnType<typeof build>['hands'], id: string, environment: string, more: object = {}) =>
    hands.execute(
      'bash',
      { command: ':', environment },
      {
        sessionId: 'sesn_1',
        toolUseId: id,
        abandoned: [],
        signal: AbortSignal.timeout(60_000),
        known: 0,
        ...(environment === 'gpu' ? { hand: 'gpu' } : {}),
        ...several,
        ...more,
      },
    )

  test('has a sandbox in each, and loses them one by one', async () => {
    const { hands, provider, bash, bindings } = build()
    expect(await aimed(hands, 'a', 'main')).toMatchObject({ made: { hand: 'main', generation: 1 } })
    expect(await aimed(hands, 'b', 'gpu')).toMatchObject({ made: { hand: 'gpu', generation: 1 } })
    expect(await bash('c', 1, several)).toEqual({ isError: false, text: '(no output)' })
    expect(provider.made.map(({ runs }) => runs)).toEqual([['a', 'c'], ['b']])
    const lost = await bindings.current('sesn_1', 'gpu')
    provider.living.delete(lost?.reference ?? '')
    expect((await aimed(hands, 'b', 'gpu')).text).toMatch(/^The sandbox of this call \(gpu, generation 1\) was lost/)
    expect(await bash('d', 1, several)).toEqual({ isError: false, text: '(no output)' })
    const told = await aimed(hands, 'e', 'gpu', { known: 1 })
    expect(told.text).toMatch(/^\[This is a new sandbox \(gpu, generation 2\); the one before it was lost/)
  })

  test('is told of a name that is none of theirs, and nothing is made for it', async () => {
    const { hands, provider } = build()
    const text = 'bash: expected environment to be one of main, gpu, got "web"'
    expect(await aimed(hands, 'a', 'web')).toEqual({ isError: true, text })
    expect(provider.made).toEqual([])
  })

  test('ends calls that were given up wherever they run, also for a call that cannot be made', async () => {
    const { hands, provider } = build()
    await aimed(hands, 'a', 'gpu')
    await aimed(hands, 'b', 'web', { abandoned: ['a'] })
    expect(provider.made[0]?.cancelled).toEqual(['a'])
    await aimed(hands, 'c', 'main', { abandoned: ['a', 'unbound'] })
    expect(provider.made.map(({ cancelled }) => [...new Set(cancelled)])).toEqual([['a'], ['unbound']])
  })

  test('goes on where another hand, in which a call was given up, is away', async () => {
    const { hands, provider } = build()
    await aimed(hands, 'a', 'gpu')
    const [gpu] = provider.made
    if (gpu) gpu.away = new HandsUnavailable('container gpu is paused')
    expect(await aimed(hands, 'b', 'main', { abandoned: ['a'] })).toMatchObject({ isError: false })
    await expect(aimed(hands, 'c', 'gpu', { abandoned: ['a'] })).rejects.toThrow('container gpu is paused')
  })

  test('finds out in its turn that another hand was lost with a call that was given up', async () => {
    const { hands, provider } = build()
    await aimed(hands, 'a', 'gpu')
    const [gpu] = provider.made
    if (gpu) gpu.isLost = true
    expect(await aimed(hands, 'b', 'main', { abandoned: ['a'] })).toMatchObject({ isError: false })
    expect(provider.destroyed).toEqual([expect.stringMatching(/^sesn_1-gpu\.1\./)])
  })
})

describe('a sandbox on another host', () => {
  test('is left to that, and nothing is bound here', async () => {
    let where: 'elsewhere' | 'lost' = 'elsewhere'
    const { bash, bindings, provider, present, hands, seeker } = build({ whereabouts: { find: async () => where } })
    await bash('a', 0)
    bindings.rows.set('sesn_1', { ...(await present()), host: 'b2' })
    expect(await bash('b', 1, { abandoned: ['a'] })).toMatchObject({ elsewhere: 'b2' })
    expect(await hands.prepare(seeker)).toEqual({ elsewhere: 'b2' })
    expect([bindings.calls.size, provider.made[0]?.cancelled]).toEqual([1, []])
    where = 'lost'
    expect((await bash('a', 1)).text).toContain('gave a result: its host b2 takes no calls any more.')
    expect((await bash('b', 1)).text).toContain('was lost: its host b2 takes no calls any more.\n')
    expect(provider.destroyed).toEqual([])
  })
})

describe('a sandbox that is made before it is needed', () => {
  test('is made once, and the first call brings it to the log again, as told', async () => {
    const { bash, hands, seeker, provider, retire } = build()
    const made = { hand: 'main', generation: 1, provider: 'fake', host: null, image: null, supplies: 0, restored: null }
    expect(await hands.prepare(seeker)).toEqual({ made })
    expect(await hands.prepare(seeker)).toEqual({ made })
    expect(await bash('a', 0)).toEqual({ isError: false, text: '(no output)', made })
    expect(provider.made).toHaveLength(1)
    await retire()
    expect(await hands.prepare(seeker)).toMatchObject({ made: { generation: 2 } })
  })
})

describe('files that were added since', () => {
  test('are looked for again by the next call when this one could not tell of them', async () => {
    const { bash, provider, stores, present } = build()
    const recipe: Recipe = { files: [], repositories: [], supplies: 0 }
    await bash('a', 0, { recipe: async () => recipe })
    const gone = { ...stockFile(stores.stock, 'gone', '1'), file: 'file_gone' }
    const asked = { supplies: 1, recipe: async () => ({ ...recipe, files: [gone], supplies: 1 }) }
    const [sandbox] = provider.made
    const { run } = sandbox!
    sandbox!.run = () => Promise.reject(new HandsUnavailable('no answer'))
    await expect(bash('b', 1, asked)).rejects.toThrow('no answer')
    expect((await present()).supplies).toBe(0)
    sandbox!.run = run
    const note = '[/mnt/session/uploads/gone is not there: its bytes are missing or damaged in the store.]'
    expect((await bash('b', 1, asked)).text).toBe(`${note}\n\n(no output)`)
    expect((await bash('c', 1, asked)).text).toBe('(no output)')
    sandbox!.run = () => Promise.reject(new SandboxLost('killed'))
    expect((await bash('d', 1, asked)).isError).toBe(true)
  })
})
