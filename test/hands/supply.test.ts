import { describe, expect, test } from 'vitest'
import type { Recipe, Supply } from '../../src/hands/recipe.ts'
import { notesOf, putOutputsBack, supply } from '../../src/hands/supply.ts'
import { FakeSandbox } from './fake-provider.ts'
import { createFakeStores, stockFile } from './fake-stores.ts'

function build() {
  const { stock } = createFakeStores()
  const sandbox = new FakeSandbox()
  const { cargo } = sandbox
  const options = { cargo, stock, sessionId: 'sesn_1', sandbox }
  const mount = (...files: Supply[]) => supply(options, async () => recipeOf(files))
  const mounted = () => [...cargo.uploads].map(([path, { text }]) => [path, text])
  return { stock, sandbox, cargo, options, mount, mounted }
}

function recipeOf(files: readonly Supply[]): Recipe {
  return { files, repositories: [], supplies: files.length }
}

const path = (name: string) => `/mnt/session/uploads/${name}`

describe('the files of a sandbox', () => {
  test('become those of the recipe, with those of others away', async () => {
    const { stock, mount, mounted } = build()
    const [a, b, c] = ['a', 'b', 'c'].map((name) => stockFile(stock, name, `text of ${name}`))
    expect(await mount(a!, b!)).toEqual({ count: 2, amiss: 0, notes: [], supplies: 2 })
    expect(await mount(b!, c!)).toEqual({ count: 2, amiss: 0, notes: [], supplies: 2 })
    expect(mounted()).toEqual([
      [path('b'), 'text of b'],
      [path('c'), 'text of c'],
    ])
  })

  test('are read once, unless the path has another content now', async () => {
    const { stock, cargo, mount, mounted } = build()
    const before = stockFile(stock, 'a', 'before')
    await mount(before)
    stock.files.clear()
    expect(await mount(before)).toEqual({ count: 1, amiss: 0, notes: [], supplies: 1 })
    await mount(stockFile(stock, 'a', 'after'))
    expect(mounted()).toEqual([[path('a'), 'after']])
    expect(cargo.looks).toBe(3)
  })

  test.each<[string, (world: ReturnType<typeof build>, file: Supply) => unknown, string]>([
    [
      'bytes that are gone',
      ({ stock }, { file }) => stock.files.delete(file),
      'its bytes are missing or damaged in the store',
    ],
    [
      'bytes that are damaged',
      ({ stock }, { file }) => stock.damaged.add(file),
      'its bytes are missing or damaged in the store',
    ],
    ['no room', ({ cargo }, file) => cargo.refused.add(file.path), 'the disk is full'],
  ])('are told of %s, and the rest is there', async (_, spoil, reason) => {
    const world = build()
    const [bad, good] = [stockFile(world.stock, 'bad', '1'), stockFile(world.stock, 'good', '2')]
    spoil(world, bad)
    const notes = [`${path('bad')} is not there: ${reason}.`]
    expect(await world.mount(bad, good)).toEqual({ count: 1, amiss: 1, notes, supplies: 2 })
    expect(world.mounted()).toEqual([[path('good'), '2']])
  })

  test('are told of by the end of a long path', async () => {
    const { stock, mount } = build()
    const file = { ...stockFile(stock, 'x'.repeat(300), '1'), file: 'file_none' }
    expect((await mount(file)).notes).toEqual([
      `…${'x'.repeat(200)} is not there: its bytes are missing or damaged in the store.`,
    ])
  })

  test('keep what somebody has mounted by a newer recipe than was read before', async () => {
    const { stock, cargo, options, mount, mounted } = build()
    const [a, b] = ['a', 'b'].map((name) => stockFile(stock, name, `text of ${name}`))
    const newest = recipeOf([a!, b!])
    const look = cargo.mounted.bind(cargo)
    cargo.mounted = async () => {
      cargo.mounted = look
      await mount(a!, b!)
      return look()
    }
    await supply(options, async () => newest, recipeOf([a!]))
    expect(mounted()).toHaveLength(2)
  })

  test('are those of a recipe that was read before, where nothing is mounted', async () => {
    const { stock, options } = build()
    const known = recipeOf([stockFile(stock, 'a', 'text')])
    const read = () => Promise.reject(new Error('read again'))
    expect(await supply(options, read, known)).toMatchObject({ count: 1, supplies: 1 })
  })

  test('are told of by twenty sentences, and the rest is counted', async () => {
    const { stock, mount } = build()
    const files = Array.from({ length: 25 }, (_, index) => ({
      ...stockFile(stock, `${index}`, '1'),
      file: 'file_none',
    }))
    const putIn = await mount(...files)
    expect([putIn.amiss, putIn.notes.length]).toEqual([25, 20])
    expect(notesOf(putIn, putIn).slice(19)).toEqual([putIn.notes[19], 'So it is with 30 more files.'])
  })

  test('are not told of a store that is away', async () => {
    const { stock, mount, options } = build()
    const file = stockFile(stock, 'a', '1')
    const away = { ...stock, openFile: () => Promise.reject(new Error('away')) }
    await expect(supply({ ...options, stock: away }, async () => recipeOf([file]))).rejects.toThrow('away')
    expect(await mount(file)).toEqual({ count: 1, amiss: 0, notes: [], supplies: 1 })
  })
})

describe('the outputs of a sandbox', () => {
  const keep = ({ stock }: ReturnType<typeof build>, ...names: string[]) => {
    const kept = names.map((name) => ({
      ...stockFile(stock, name, `made ${name}`),
      path: `/mnt/session/outputs/${name}`,
    }))
    stock.kept.push(...kept)
    return kept
  }

  test('are put back as they were kept', async () => {
    const world = build()
    const { stock, cargo, options } = world
    const [gone] = keep(world, 'a', 'sub/b')
    stock.files.delete(gone!.file)
    expect(await putOutputsBack(options, 'main')).toEqual({
      count: 1,
      amiss: 1,
      notes: ['/mnt/session/outputs/a is not there: its bytes are missing or damaged in the store.'],
    })
    expect([...cargo.outputs]).toEqual([['/mnt/session/outputs/sub/b', 'made sub/b']])
  })

  test('are put back once: what a call has written or deleted since stays so when another maker comes late', async () => {
    const world = build()
    const { stock, cargo, options } = world
    keep(world, 'a', 'b')
    const first = await putOutputsBack(options, 'main')
    cargo.outputs.set('/mnt/session/outputs/a', 'newer')
    cargo.outputs.delete('/mnt/session/outputs/b')
    keep(world, 'c')
    stock.files.clear()
    expect(await putOutputsBack(options, 'main')).toEqual(first)
    expect([...cargo.outputs]).toEqual([['/mnt/session/outputs/a', 'newer']])
  })
})
