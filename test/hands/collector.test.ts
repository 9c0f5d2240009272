import { describe, expect, test } from 'vitest'
import type { Outputs } from '../../src/hands/cargo.ts'
import { createCollector } from '../../src/hands/collector.ts'
import { HandsUnavailable } from '../../src/hands/hands.ts'
import { buildSandbox } from '../store/builders.ts'
import { FakeCargo } from './fake-cargo.ts'
import { createFakeShelf } from './fake-shelf.ts'

const A = '/mnt/session/outputs/a.txt'
const B = '/mnt/session/outputs/deep/b.txt'
const row = buildSandbox('sesn_1', 1, 'box_1')

/** Whose outputs can be said to be larger than they are, and do something while they are read. */
class LivelyCargo extends FakeCargo {
  readonly sizes = new Map<string, number>()
  reads: string[] = []
  onRead: (path: string) => void = () => undefined

  override async listOutputs(): Promise<Outputs> {
    const { files, areAll } = await super.listOutputs()
    return { areAll, files: files.map((output) => ({ ...output, size: this.sizes.get(output.path) ?? output.size })) }
  }

  override async *openOutput(path: string): AsyncGenerator<Uint8Array, void, undefined> {
    this.reads.push(path)
    this.onRead(path)
    yield* super.openOutput(path)
  }
}

function open() {
  const [cargo, shelf] = [new LivelyCargo(), createFakeShelf()]
  const clock = { at: 0 }
  const warned: string[] = []
  const log = { warn: (_: object, message: string) => void warned.push(message) }
  const collect = createCollector({ shelf, log, now: () => clock.at })
  /** A look, and another one a second later. */
  async function settle(): Promise<boolean> {
    await collect(row, cargo)
    clock.at += 1_000
    return collect(row, cargo)
  }
  return { cargo, shelf, clock, warned, collect, settle }
}

describe('outputs', () => {
  test('are kept once they have stood still for a second', async () => {
    const { cargo, shelf, clock, collect } = open()
    cargo.outputs.set(A, 'one').set(B, 'two')
    expect(await collect(row, cargo)).toBe(false)
    clock.at += 999
    expect(await collect(row, cargo)).toBe(false)
    expect([shelf.files.size, cargo.reads]).toEqual([0, []])
    clock.at += 1
    expect(await collect(row, cargo)).toBe(true)
    expect([...shelf.files]).toEqual([
      [A, 'one'],
      [B, 'two'],
    ])
  })

  test('are read once while nothing changes, and again when something does', async () => {
    const { cargo, shelf, settle } = open()
    cargo.outputs.set(A, 'one').set(B, 'two')
    await settle()
    expect(await settle()).toBe(true)
    expect(cargo.reads).toEqual([A, B])
    cargo.outputs.set(A, 'three')
    await settle()
    expect(cargo.reads).toEqual([A, B, A])
    expect(shelf.files.get(A)).toBe('three')
  })

  test('that go on changing are waited for, and others meanwhile are not', async () => {
    const { cargo, shelf, clock, collect } = open()
    cargo.outputs.set(B, 'still')
    for (let round = 0; round < 4; round++) {
      cargo.outputs.set(A, 'x'.repeat(round))
      expect(await collect(row, cargo)).toBe(false)
      clock.at += 1_000
    }
    expect([...shelf.files]).toEqual([[B, 'still']])
    expect(await collect(row, cargo)).toBe(true)
    expect(shelf.files.get(A)).toBe('xxx')
  })

  test('that are large and were kept before stand still for longer', async () => {
    const { cargo, shelf, clock, collect, settle } = open()
    const size = 400 * 1024 * 1024
    const { take } = shelf
    shelf.take = async (...args) => {
      const bytes = await take(...args)
      return bytes && { ...bytes, size }
    }
    cargo.sizes.set(A, size)
    cargo.outputs.set(A, 'one')
    expect(await settle()).toBe(true)
    cargo.outputs.set(A, 'two')
    await collect(row, cargo)
    clock.at += 40_999
    expect(await collect(row, cargo)).toBe(false)
    clock.at += 1
    expect(await collect(row, cargo)).toBe(true)
    expect([cargo.reads, shelf.files.get(A)]).toEqual([[A, A], 'two'])
  })

  test('are kept at once at the last look', async () => {
    const { cargo, shelf, collect } = open()
    cargo.outputs.set(A, 'one')
    expect(await collect(row, cargo, { last: true })).toBe(true)
    expect(shelf.files.get(A)).toBe('one')
  })

  test.each<{ name: string; before?: (cargo: LivelyCargo) => void; during?: (cargo: LivelyCargo) => void }>([
    { name: 'is written to', during: (cargo) => void cargo.outputs.set(A, 'half of it') },
    { name: 'is taken away', during: (cargo) => void cargo.outputs.delete(A) },
    { name: 'has more bytes than were listed', before: (cargo) => void cargo.sizes.set(A, 2) },
  ])('are never half, though one $name while it is read', async ({ before, during }) => {
    const { cargo, shelf, settle } = open()
    cargo.outputs.set(A, 'half').set(B, 'two')
    before?.(cargo)
    cargo.onRead = (path) => (path === A ? during?.(cargo) : undefined)
    expect(await settle()).toBe(false)
    expect([...shelf.files]).toEqual([[B, 'two']])
    expect(shelf.taken.size).toBe(0)
    cargo.onRead = () => undefined
    cargo.sizes.clear()
    expect(await settle()).toBe(true)
    expect(shelf.files.get(A)).toBe(cargo.outputs.get(A))
  })

  test('that are gone from the sandbox are told of, unless there are more than a list holds, which is told at the end', async () => {
    const { cargo, shelf, warned, settle, collect } = open()
    cargo.outputs.set(A, 'one').set(B, 'two')
    await settle()
    cargo.outputs.delete(A)
    await settle()
    expect(shelf.told.gone).toEqual([A])
    cargo.areAllListed = false
    cargo.outputs.delete(B)
    await settle()
    expect([shelf.told.gone, warned]).toEqual([[A], []])
    await collect(row, cargo, { last: true })
    expect(warned).toEqual(['there are more outputs than are kept, and they go with their sandbox'])
  })

  test('that are too large for a file are left alone, and told of at the end', async () => {
    const { cargo, shelf, warned, settle, collect } = open()
    cargo.outputs.set(A, 'large')
    cargo.sizes.set(A, 500 * 1024 * 1024 + 1)
    expect(await settle()).toBe(true)
    expect([shelf.files.size, cargo.reads, warned]).toEqual([0, [], []])
    await collect(row, cargo, { last: true })
    expect(warned).toEqual(['an output is larger than a file may be, and goes with its sandbox'])
    cargo.sizes.set(A, 500 * 1024 * 1024)
    cargo.outputs.set(A, 'large!')
    await settle()
    expect(cargo.reads).toEqual([A])
  })

  test('are looked through one look after the other', async () => {
    const { cargo, shelf, collect } = open()
    cargo.outputs.set(A, 'one')
    const looks = Array.from({ length: 5 }, () => collect(row, cargo, { last: true }))
    expect(await Promise.all(looks)).toEqual([true, true, true, true, true])
    expect(cargo.reads).toEqual([A])
    expect(shelf.told.kept).toBe(1)
  })

  test('leave nothing behind when the sandbox is away, and are collected when it is back', async () => {
    const { cargo, shelf, collect } = open()
    cargo.outputs.set(A, 'one').set(B, 'two')
    cargo.onRead = (path) => {
      if (path === B) throw new HandsUnavailable('the daemon is away')
    }
    await expect(collect(row, cargo, { last: true })).rejects.toThrow('away')
    expect([shelf.files.size, shelf.taken.size]).toEqual([0, 0])
    cargo.onRead = () => undefined
    expect(await collect(row, cargo, { last: true })).toBe(true)
    expect(shelf.files.size).toBe(2)
  })

  test('of several sandboxes are those of each', async () => {
    const { cargo, shelf, collect } = open()
    const other = new LivelyCargo()
    cargo.outputs.set(A, 'one')
    other.outputs.set(B, 'two')
    await collect(row, cargo, { last: true })
    await collect({ ...row, hand: 'gpu', reference: 'box_2' }, other, { last: true })
    expect(shelf.told).toEqual({ gone: [], kept: 2 })
  })
})
