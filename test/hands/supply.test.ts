import { describe, expect, test } from 'vitest'
import type { Recipe, Supply } from '../../src/hands/recipe.ts'
import { putOutputsBack, supply } from '../../src/hands/supply.ts'
import { FakeCargo } from './fake-cargo.ts'
import { createFakeStores, stockFile } from './fake-stores.ts'

function build() {
  const { stock } = createFakeStores()
  const cargo = new FakeCargo()
  const options = { cargo, stock, sessionId: 'sesn_1' }
  const mount = (...files: Supply[]) => supply(options, recipeOf(files))
  const mounted = () => [...cargo.uploads].map(([path, { text }]) => [path, text])
  return { stock, cargo, options, mount, mounted }
}

function recipeOf(files: readonly Supply[]): Recipe {
  return { files, repositories: [], supplies: files.length }
}

const path = (name: string) => `/mnt/session/uploads/${name}`

describe('the files of a sandbox', () => {
  test('become those of the recipe, with those of others away', async () => {
    const { stock, mount, mounted } = build()
    const [a, b, c] = ['a', 'b', 'c'].map((name) => stockFile(stock, name, `text of ${name}`))
    expect(await mount(a!, b!)).toEqual({ count: 2, notes: [] })
    expect(await mount(b!, c!)).toEqual({ count: 2, notes: [] })
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
    expect(await mount(before)).toEqual({ count: 1, notes: [] })
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
    expect(await world.mount(bad, good)).toEqual({ count: 1, notes: [`${path('bad')} is not there: ${reason}.`] })
    expect(world.mounted()).toEqual([[path('good'), '2']])
  })

  test('are told of by the end of a long path', async () => {
    const { stock, mount } = build()
    const file = { ...stockFile(stock, 'x'.repeat(300), '1'), file: 'file_none' }
    expect((await mount(file)).notes).toEqual([
      `…${'x'.repeat(200)} is not there: its bytes are missing or damaged in the store.`,
    ])
  })

  test('are not told of a store that is away', async () => {
    const { stock, mount, options } = build()
    const file = stockFile(stock, 'a', '1')
    const away = { ...stock, openFile: () => Promise.reject(new Error('away')) }
    await expect(supply({ ...options, stock: away }, recipeOf([file]))).rejects.toThrow('away')
    expect(await mount(file)).toEqual({ count: 1, notes: [] })
  })
})

describe('the outputs of a sandbox', () => {
  test('are put back as they were kept', async () => {
    const { stock, cargo, options } = build()
    const kept = ['a', 'sub/b'].map((name) => ({
      ...stockFile(stock, name, `made ${name}`),
      path: `/mnt/session/outputs/${name}`,
    }))
    stock.kept.push(...kept)
    stock.files.delete(kept[0]!.file)
    expect(await putOutputsBack(options, 'main')).toEqual({
      count: 1,
      notes: ['/mnt/session/outputs/a is not there: its bytes are missing or damaged in the store.'],
    })
    expect([...cargo.outputs]).toEqual([['/mnt/session/outputs/sub/b', 'made sub/b']])
  })
})
