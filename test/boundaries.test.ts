import { readFile, readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lintConfig, rooms, roots } from '../scripts/lint-config.ts'
import { pathPlants, plantedRooms, plantedRoots, roomPlants, targetPlants } from './support/planted-imports.ts'
import { LINT_CONFIG, compile, enumPlant, lint, plantTree, rulePlants } from './support/planted-violations.ts'

const plants = [...targetPlants(), ...plantedRooms.flatMap(roomPlants), ...pathPlants, ...rulePlants, enumPlant]
let tree: Awaited<ReturnType<typeof plantTree>>
let reported: ReadonlyMap<string, readonly string[]>

beforeAll(async () => {
  tree = await plantTree(plants)
  reported = await lint(tree.folder)
}, 60_000)

afterAll(() => tree[Symbol.asyncDispose]())

describe('boundaries', () => {
  test.each([...plantedRooms])('%s imports what it may, and nothing else', (room) => {
    const planted = roomPlants(room)
    const wrong = planted.filter(({ path, rule }) => (reported.get(path)?.join() ?? null) !== rule)
    expect(wrong.map(({ what }) => what)).toEqual([])
    expect(planted.filter(({ rule }) => rule !== null).length).toBeGreaterThan(0)
  })

  test.each([...pathPlants, ...rulePlants])('$what: $rule', ({ path, rule }) => {
    expect(reported.get(path) ?? []).toEqual(rule === null ? [] : [rule])
  })

  test('report nothing but what was planted', () => {
    const violations = new Set(plants.filter(({ rule }) => rule !== null).map(({ path }) => path))
    expect([...reported.keys()].filter((path) => !violations.has(path))).toEqual([])
  })

  test('plant every violation at a path of its own', () => {
    expect(new Set(plants.map(({ path }) => path)).size).toBe(plants.length)
  })

  test('refuse an enum when types are checked', async () => {
    expect(await compile(tree.folder, enumPlant.path)).toEqual([enumPlant.code])
  })
})

describe('the lint configuration', () => {
  test('is what its script writes', async () => {
    expect(JSON.parse(await readFile(LINT_CONFIG, 'utf8'))).toEqual(lintConfig())
  })

  test('knows the rooms and roots that are planted', () => {
    expect(Object.keys(rooms)).toEqual(plantedRooms)
    expect(roots).toEqual(plantedRoots)
  })

  test('covers every file of src', async () => {
    const files = (await readdir('src', { recursive: true })).filter((file) => file.endsWith('.ts'))
    const covered = new RegExp(`^(?:(?:${Object.keys(rooms).join('|')})/(?:[^/]+/)?)?[^/]+$`)
    expect(files.filter((file) => !covered.test(file))).toEqual([])
  })
})
