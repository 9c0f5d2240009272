import { describe, expect, test } from 'vitest'
import { CargoRefused } from '../../src/hands/cargo.ts'
import { HandsUnavailable } from '../../src/hands/hands.ts'
import type { WorkspaceExport } from '../../src/hands/ledger.ts'
import { restore } from '../../src/hands/restore.ts'
import { SandboxLost } from '../../src/hands/sandbox.ts'
import { StockDamaged } from '../../src/hands/stock.ts'
import { FakeSandbox } from './fake-provider.ts'
import { createFakeStores, stockCopy } from './fake-stores.ts'

const files = new Map([
  ['a.ts', 'one'],
  ['b.ts', 'two'],
])
const at = (minute: number) => new Date(Date.UTC(2026, 0, 2, 12, minute))

/** A third generation in the place of the second, with a copy of the first one's workspace. */
function build(change: Partial<WorkspaceExport> = {}, keepsCopies = true) {
  const stores = createFakeStores(keepsCopies)
  const sandbox = new FakeSandbox()
  const copy = stockCopy(stores.stock, files, { at: at(5), ...change })
  stores.exports.set('sesn_1', copy)
  const options = { sessionId: 'sesn_1', hand: 'main', before: 2, sandbox, cargo: sandbox.cargo, ...stores }
  return { ...stores, sandbox, copy, options }
}

describe('a workspace', () => {
  test('is put in place from the newest copy, with what stands before and after that', async () => {
    const { options, sandbox, calls, copy } = build()
    calls.push(
      { id: 'first', generation: 1, at: at(1) },
      { id: 'last', generation: 1, at: at(4) },
      { id: 'after', generation: 1, at: at(6) },
      { id: 'lost', generation: 2, at: at(7) },
      { id: 'own', generation: 3, at: at(8) },
    )
    expect(await restore(options)).toEqual({
      of: 'workspace',
      restored: { generation: 1, at: at(5).toISOString(), entries: 2, bytes: copy.bytes },
      leftOut: 0,
      after: 'last',
      since: { count: 2, last: ['after', 'lost'] },
    })
    expect([...sandbox.cargo.workspace]).toEqual([...files])
  })

  test('names the last ten calls after the copy', async () => {
    const { options, calls } = build()
    for (let minute = 6; minute < 18; minute++) calls.push({ id: `c${minute}`, generation: 1, at: at(minute) })
    const last = Array.from({ length: 10 }, (_, index) => `c${index + 8}`)
    expect(await restore(options)).toMatchObject({ since: { count: 12, last } })
    expect(await restore(options)).not.toHaveProperty('after')
  })

  test('is put in place once, whoever makes the sandbox beside', async () => {
    const { options, sandbox, exports, stock } = build()
    const first = await restore(options)
    expect(sandbox.runs).toEqual(['placed'])
    sandbox.cargo.workspace.set('a.ts', 'changed by a command')
    exports.set('sesn_1', stockCopy(stock, new Map([['c.ts', 'three']]), { at: at(9) }))
    expect(await restore(options)).toEqual(first)
    expect([...sandbox.cargo.workspace]).toEqual([
      ['a.ts', 'changed by a command'],
      ['b.ts', 'two'],
    ])
    expect(sandbox.runs).toEqual(['placed', expect.stringMatching(/^unplaced-/)])
  })

  test.each<[string, (world: ReturnType<typeof build>) => unknown, string]>([
    ['no copy', ({ exports }) => exports.clear(), 'there was no copy'],
    [
      'one that was too large',
      ({ exports, copy }) => exports.set('sesn_1', { ...copy, content: null }),
      'it was too large to be copied',
    ],
    ['bytes that are gone', ({ stock }) => stock.copies.clear(), 'its copy is missing in the store'],
    [
      'bytes that are damaged',
      ({ stock, copy }) => stock.damaged.add(copy.content ?? ''),
      'its copy is damaged in the store',
    ],
  ])('does not come back from %s', async (_, spoil, because) => {
    const world = build()
    spoil(world)
    expect(await restore(world.options)).toEqual({ of: 'nothing', because })
    expect(world.sandbox.cargo.workspace.size).toBe(0)
  })

  test('is waited for while there is no room, and nothing else is put in its place', async () => {
    const { options, sandbox } = build()
    sandbox.cargo.refused.add('/workspace')
    const attempt = restore(options)
    await expect(attempt).rejects.toThrow(HandsUnavailable)
    const words = 'cannot be put back (the disk is full); in 10 minutes a sandbox is made without it'
    await expect(attempt).rejects.toThrow(words)
    expect(sandbox.runs).toEqual([])
    sandbox.cargo.refused.clear()
    expect(await restore(options)).toMatchObject({ of: 'workspace' })
    expect([...sandbox.cargo.workspace]).toEqual([...files])
  })

  test('is given up, and that is told, when there is still no room after ten minutes', async () => {
    const { options, sandbox } = build()
    sandbox.cargo.refused.add('/workspace')
    options.ledger.refused = async () => 599_999
    await expect(restore(options)).rejects.toThrow('in 1 minutes')
    options.ledger.refused = async () => 600_000
    const because = 'its copy cannot be put back: the disk is full'
    expect(await restore(options)).toEqual({ of: 'nothing', because })
    expect(sandbox.cargo.workspace.size).toBe(0)
  })

  test('says what its copy is without', async () => {
    const { options } = build({ leftOut: 3, isWhole: false })
    expect(await restore(options)).toMatchObject({ leftOut: 3, isPartial: true })
    expect(await restore(build().options)).not.toHaveProperty('isPartial')
  })

  test('has nothing of a copy that turned out to be damaged when half of it was there', async () => {
    const { options, sandbox } = build()
    const { cargo } = sandbox
    cargo.stage = (maker) => {
      cargo.stages.set(maker, new Map([['a.ts', 'half']]))
      return Promise.reject(new StockDamaged('expected other bytes'))
    }
    expect(await restore(options)).toEqual({ of: 'nothing', because: 'its copy is damaged in the store' })
    expect(cargo.workspace.size).toBe(0)
  })

  test('opens no copy that the sandbox does not ask for', async () => {
    const { options, sandbox, stock } = build()
    let opened = 0
    const { openCopy } = stock
    stock.openCopy = (copy) => {
      opened++
      return openCopy(copy)
    }
    sandbox.cargo.stage = () => Promise.reject(new SandboxLost('killed'))
    await expect(restore(options)).rejects.toThrow(SandboxLost)
    expect(opened).toBe(0)
  })

  test('does not come back into a sandbox that takes nothing', async () => {
    const because = 'its copy cannot be put into this sandbox'
    expect(await restore({ ...build().options, cargo: null })).toEqual({ of: 'nothing', because })
  })

  test('comes back from an old copy alone where copies are switched off', async () => {
    const { options, exports } = build({}, false)
    expect(await restore(options)).toMatchObject({ of: 'workspace' })
    exports.clear()
    expect(await restore(options)).toEqual({ of: 'nothing', because: 'copies are switched off' })
  })

  test('takes the sandbox with it when it was not put in place', async () => {
    const { options, sandbox } = build()
    await sandbox.cancel('placed')
    await expect(restore(options)).rejects.toThrow(SandboxLost)
  })

  test('is there for a maker too whose own copy another one cleared away', async () => {
    const { options, sandbox } = build()
    const first = await restore(options)
    const { cargo } = sandbox
    const stage = cargo.stage.bind(cargo)
    let tries = 0
    cargo.stage = (...args) => (tries++ === 0 ? Promise.reject(new CargoRefused('no such folder')) : stage(...args))
    expect(await restore(options)).toEqual(first)
    expect(tries).toBe(2)
  })
})
