import { describe, expect, test } from 'vitest'
import type { SandboxRow } from '../../src/hands/bindings.ts'
import { HandsUnavailable } from '../../src/hands/hands.ts'
import type { PlaceOptions, Seeker } from '../../src/hands/places.ts'
import { createPlaces } from '../../src/hands/places.ts'
import type { Recipe } from '../../src/hands/recipe.ts'
import { SandboxLost } from '../../src/hands/sandbox.ts'
import { SessionBuried } from '../../src/store/buried.ts'
import { createFakeBindings } from './fake-bindings.ts'
import { createFakeProvider } from './fake-provider.ts'
import { createFakeStores, stockCopy, stockFile } from './fake-stores.ts'

const log = { info: () => {}, warn: () => {} }
const uploads = '/mnt/session/uploads/'

/** Several workers on one store and one host: each of `places` is one of them. */
function build(more: Partial<PlaceOptions> = {}) {
  const provider = createFakeProvider()
  const bindings = createFakeBindings()
  const stores = createFakeStores()
  const options = { provider, bindings, log, stores, ...more }
  const [one, two] = [createPlaces(options), createPlaces(options)]
  const a = stockFile(stores.stock, 'a', 'text of a')
  let read = 0
  const recipe: Recipe = { files: [a], repositories: [], supplies: 1 }
  const seeker = (change: Partial<Seeker> = {}): Seeker => ({
    sessionId: 'sesn_1',
    signal: new AbortController().signal,
    recipe: async () => {
      read += 1
      return recipe
    },
    ...change,
  })
  return { provider, bindings, stores, one, two, a, recipe, seeker, reads: () => read }
}

type World = ReturnType<typeof build>

/** The first generation, lost with a workspace of which there is a copy. */
async function withLost(more: Partial<PlaceOptions> = {}) {
  const world = build(more)
  const { row } = await world.one.next(world.seeker(), null)
  world.provider.living.delete(row.reference)
  world.stores.exports.set('sesn_1', stockCopy(world.stores.stock, new Map([['kept', 'as it was']])))
  return { ...world, gone: { row, sandbox: null } }
}

function filesIn({ provider }: World, generation: number): readonly (readonly [string, string])[] {
  const cargo = provider.made[generation - 1]?.cargo
  return [...(cargo?.workspace ?? []), ...[...(cargo?.uploads ?? [])].map(([path, { text }]) => [path, text] as const)]
}

describe('a new generation', () => {
  test('is published with what its environment asks for', async () => {
    const { one, recipe, seeker } = build()
    const asking = { ...recipe, runtime: 'runsc' }
    const { row } = await one.next(seeker({ recipe: async () => asking }), null)
    expect(row.facts).toMatchObject({ surroundings: { runtime: 'runsc' } })
    expect((await build().one.next(seeker(), null)).row.facts).not.toHaveProperty('surroundings')
  })

  test('is published when everything is in it', async () => {
    const world = await withLost()
    const { bindings, one, seeker, gone, a, provider, stores } = world
    const output = { ...stockFile(stores.stock, 'out', 'made'), path: '/mnt/session/outputs/out' }
    stores.stock.kept.push(output)
    const published: (readonly (readonly [string, string])[])[] = []
    const { replace } = bindings
    bindings.replace = (...asked) => {
      published.push(filesIn(world, 2))
      return replace(...asked)
    }
    const { row, sandbox } = await one.next(seeker(), gone)
    expect(published).toEqual([
      [
        ['kept', 'as it was'],
        [a.path, 'text of a'],
      ],
    ])
    expect(sandbox).not.toBeNull()
    expect(row).toMatchObject({ generation: 2, supplies: 1 })
    const before = { ending: { how: 'lost' }, copy: { of: 'workspace' } }
    expect(row.facts).toMatchObject({ uploads: 1, outputs: 1, before })
    expect([...(provider.made[1]?.cargo.outputs ?? [])]).toEqual([[output.path, 'made']])
    expect(await bindings.current('sesn_1')).toEqual(row)
  })

  test('is fitted out by the next one when its maker died over it', async () => {
    const world = await withLost()
    const { bindings, one, two, provider, seeker, gone } = world
    const { replace } = bindings
    bindings.replace = () => Promise.reject(new Error('the worker is gone'))
    await expect(one.next(seeker(), gone)).rejects.toThrow('the worker is gone')
    bindings.replace = replace
    const { row } = await two.next(seeker(), gone)
    expect(provider.made).toHaveLength(2)
    expect(filesIn(world, 2)).toHaveLength(2)
    expect(row.facts).toMatchObject({ before: { copy: { of: 'workspace' } } })
  })

  test('keeps what commands changed when a slow maker comes back', async () => {
    const world = await withLost()
    const { provider, stores, one, two, seeker, gone } = world
    let open = () => {}
    const made = await provider.provision({ sessionId: 'sesn_1', generation: 2 })
    const sandbox = provider.living.get(made.reference)!
    sandbox.cargo.gate = new Promise((resolve) => (open = resolve))
    const slow = one.next(seeker(), gone)
    await expect.poll(() => sandbox.cargo.stages.size).toBe(1)
    sandbox.cargo.gate = undefined
    const { row } = await two.next(seeker(), gone)
    sandbox.cargo.workspace.set('kept', 'changed by a command')
    stores.exports.clear()
    open()
    expect((await slow).row).toEqual(row)
    expect(sandbox.cargo.workspace.get('kept')).toBe('changed by a command')
    expect(provider.living.has(row.reference)).toBe(true)
  })

  test('is made once for calls that come at once, and what one of them failed over is tried by another', async () => {
    const { one, provider, seeker } = build()
    const { provision } = provider
    let failed = 0
    provider.provision = (...asked) => (failed++ === 0 ? Promise.reject(new Error('no')) : provision(...asked))
    const [first, second] = await Promise.allSettled([one.next(seeker(), null), one.next(seeker(), null)])
    expect([first.status, second.status]).toEqual(['rejected', 'fulfilled'])
    await Promise.all([1, 2, 3].map(() => one.next(seeker({ sessionId: 'sesn_2' }), null)))
    expect(failed).toBe(3)
  })

  test('is made again when it is lost before it is ready', async () => {
    const { provider, seeker, one, bindings } = build({ clone: () => Promise.reject(new SandboxLost('killed')) })
    const recipe = async (): Promise<Recipe> => ({
      files: [],
      repositories: [{ resource: 'r', url: 'u', path: '/workspace/r', checkout: null }],
      supplies: 1,
    })
    await expect(one.next(seeker({ recipe }), null)).rejects.toThrow(HandsUnavailable)
    expect(provider.living.size).toBe(0)
    expect(await bindings.current('sesn_1')).toBeNull()
  })

  test('is destroyed when its session was deleted meanwhile', async () => {
    const { bindings, provider, one, seeker } = build()
    bindings.replace = () => Promise.reject(new SessionBuried('sesn_1'))
    await expect(one.next(seeker(), null)).rejects.toThrow(SessionBuried)
    expect(provider.living.size).toBe(0)
  })

  test('stays when it is not known whether it was recorded, for whoever works in it or tries again', async () => {
    const { bindings, provider, one, two, seeker } = build()
    const { replace } = bindings
    bindings.replace = async (...asked) => {
      await replace(...asked)
      throw new Error('Connection terminated')
    }
    await expect(one.next(seeker(), null)).rejects.toThrow('Connection terminated')
    expect((await two.current(seeker()))?.sandbox).not.toBeNull()
    expect(provider.destroyed).toEqual([])
  })

  test.each<[string, Partial<SandboxRow>, object]>([
    ['lost', {}, { how: 'lost' }],
    ['put away', { retired: true }, { how: 'put away' }],
  ])('knows of the one before that it was %s', async (_, change, ending) => {
    const { one, seeker, gone } = await withLost()
    const { row } = await one.next(seeker(), { ...gone, row: { ...gone.row, ...change } })
    expect(row.facts?.before?.ending).toEqual(ending)
  })

  test('leaves what is on a lost host to that', async () => {
    const { one, provider, seeker, gone } = await withLost()
    const why = 'its host a1 takes no calls any more'
    const { row } = await one.next(seeker(), { ...gone, why })
    expect(row.facts?.before?.ending).toEqual({ how: 'lost', why })
    expect(provider.destroyed).toEqual([])
  })

  test('has its repositories in the main hand alone, and says what is missing', async () => {
    const fault = { resource: 'r2', url: 'u2', type: 'repository_clone_error', message: 'no' } as const
    const { one, seeker } = build({ clone: async () => [fault] })
    const repositories = ['r1', 'r2'].map((resource) => ({
      resource,
      url: 'u',
      path: `/workspace/${resource}`,
      checkout: null,
    }))
    const recipe = async (): Promise<Recipe> => ({ files: [], repositories, supplies: 2 })
    const first = await one.next(seeker({ recipe }), null)
    expect(first.row.facts).toMatchObject({ faults: [fault], clones: [] })
    const second = await one.next(seeker({ recipe }), { row: first.row, sandbox: null })
    expect(second.row.facts).toMatchObject({ faults: [fault], clones: ['/workspace/r1'] })
    const web = await one.next(seeker({ recipe, hand: 'web' }), null)
    expect(web.row).toMatchObject({ hand: 'web', generation: 1, facts: { faults: [], clones: [] } })
  })

  test('has nothing of what a maker before put in that was removed since', async () => {
    const world = build()
    const { one, two, bindings, seeker } = world
    const { replace } = bindings
    bindings.replace = () => Promise.reject(new Error('the worker is gone'))
    await expect(one.next(seeker(), null)).rejects.toThrow('the worker is gone')
    expect(filesIn(world, 1)).toHaveLength(1)
    bindings.replace = replace
    const { row } = await two.next(seeker({ recipe: async () => ({ files: [], repositories: [], supplies: 2 }) }), null)
    expect(filesIn(world, 1)).toEqual([])
    expect(row).toMatchObject({ supplies: 2, facts: { uploads: 0, notes: [] } })
  })

  test('asks for no files where it takes none and there are none', async () => {
    const { one, seeker, provider } = build()
    provider.cargo = async () => null
    const recipe = async (): Promise<Recipe> => ({ files: [], repositories: [], supplies: 2 })
    expect((await one.next(seeker({ recipe }), null)).row.facts).toMatchObject({ uploads: 0, notes: [] })
  })

  test('tells that files cannot be put into it', async () => {
    const { one, seeker, provider } = build()
    provider.cargo = async () => null
    const { row } = await one.next(seeker(), null)
    expect(row.facts).toMatchObject({ uploads: 0, notes: ['No files can be put into this sandbox.'] })
  })

  test('tells of twenty files that are amiss, and counts the rest', async () => {
    const { one, seeker, a } = build()
    const files = Array.from({ length: 25 }, (_, index) => ({ ...a, file: 'file_none', path: `${uploads}${index}` }))
    const { row } = await one.next(seeker({ recipe: async () => ({ files, repositories: [], supplies: 1 }) }), null)
    expect(row.facts?.notes).toHaveLength(21)
    expect(row.facts?.notes.at(-1)).toBe('So it is with 5 more files.')
  })
})

describe('a living sandbox', () => {
  test('gets what was added since, and nothing is read for it on a warm call', async () => {
    const world = build()
    const { one, bindings, seeker, recipe, stores, reads } = world
    const place = await one.next(seeker({ supplies: 1 }), null)
    expect(reads()).toBe(1)
    expect((await one.supply(place, seeker({ supplies: 1 }))).notes).toEqual([])
    expect(reads()).toBe(1)
    const b = stockFile(stores.stock, 'b', 'text of b')
    const more = { ...recipe, files: [b, { ...b, file: 'file_gone', path: `${uploads}gone` }], supplies: 3 }
    const { notes, settle } = await one.supply(place, seeker({ supplies: 2, recipe: async () => more }))
    expect(notes).toEqual([`${uploads}gone is not there: its bytes are missing or damaged in the store.`])
    expect(filesIn(world, 1)).toEqual([[b.path, 'text of b']])
    expect((await bindings.current('sesn_1'))?.supplies).toBe(1)
    await settle()
    expect((await bindings.current('sesn_1'))?.supplies).toBe(3)
  })

  test('that takes nothing is told of', async () => {
    const { one, provider, seeker } = build()
    const place = await one.next(seeker(), null)
    provider.cargo = async () => null
    const { notes } = await one.supply(place, seeker({ supplies: 2 }))
    expect(notes).toEqual(['The files of the session cannot be put into this sandbox.'])
  })
})

describe('the current generation', () => {
  const on =
    (host: string | null) =>
    async ({ bindings }: World) => {
      const { row } = await createPlaces({ provider: createFakeProvider(), bindings, log }).next(
        { sessionId: 'sesn_1', signal: new AbortController().signal },
        null,
      )
      bindings.rows.set('sesn_1', { ...row, host })
    }

  test.each([
    ['elsewhere', 'b2', { sandbox: null, elsewhere: 'b2' }],
    ['lost', 'b2', { sandbox: null, why: 'its host b2 takes no calls any more' }],
    ['here', 'b2', { sandbox: null }],
    ['elsewhere', null, { sandbox: null }],
  ] as const)('is %s on the host %s', async (where, host, expected) => {
    const world = build({ whereabouts: { find: async () => where } })
    expect(await world.one.current(world.seeker())).toBeNull()
    await on(host)(world)
    const { row: _, ...place } = (await world.one.current(world.seeker())) ?? { row: null }
    expect(place).toEqual(expected)
  })
})
