import { describe, expect, test } from 'vitest'
import type { KeptSandbox } from '../../src/hands/ledger.ts'
import type { FakeSandbox } from './fake-provider.ts'
import { buildKeeper, due, idle, minute } from './keeper-rig.ts'

describe('copies of workspaces', () => {
  test('are made of idle sessions once, and again when it was used and has changed', async () => {
    const { open, tend: look, ledger, contents } = buildKeeper()
    const { row, sandbox } = await open('sesn_1', idle)
    await look()
    const copy = await ledger.latestExport('sesn_1', 'main')
    expect(copy).toMatchObject({ generation: 1, content: 'copy1', entries: 1, bytes: contents.get('copy1')?.length })
    await look()
    ledger.use(row)
    ledger.add(row, { ...ledger.find(row), ...idle })
    await look()
    expect([...contents.keys()]).toEqual(['copy1'])
    expect((await ledger.latestExport('sesn_1', 'main'))?.at.getTime()).toBeGreaterThan(copy?.at.getTime() ?? 0)
    sandbox.cargo.workspace.set('other', 'file')
    ledger.use(row)
    ledger.add(row, { ...ledger.find(row), ...idle })
    await look()
    expect(await ledger.latestExport('sesn_1', 'main')).toMatchObject({ content: 'copy2', entries: 2 })
  })

  test.each<[string, Partial<KeptSandbox>, (sandbox: FakeSandbox) => void]>([
    ['of a session at work', { ...idle, status: 'running' }, () => {}],
    ['of a session that waits for the model to come back', { ...idle, status: 'rescheduling' }, () => {}],
    ['that was used a moment ago', { ...idle, unusedMs: 1_000 }, () => {}],
    ['in which a command runs', idle, (sandbox) => void (sandbox.isBusy = true)],
  ])('are not made %s', async (_, kept, change) => {
    const { open, tend: look, contents, provider } = buildKeeper()
    const { sandbox } = await open('sesn_1', kept)
    change(sandbox)
    await look()
    expect(contents.size).toBe(0)
    expect(provider.destroyed).toEqual([])
  })

  test('are not kept when a call was bound meanwhile', async () => {
    const { open, tend: look, contents, ledger, copies } = buildKeeper()
    const { row } = await open('sesn_1', idle)
    const { write } = copies
    copies.write = async (...args) => {
      ledger.use(row)
      return write(...args)
    }
    await look()
    expect(contents.size).toBe(0)
    expect(await ledger.latestExport('sesn_1', 'main')).toBeNull()
  })

  test('stay when the next would be too large, which is tried no more until the sandbox is used', async () => {
    const { open, tend: look, contents, ledger, said } = buildKeeper()
    const { row, sandbox } = await open('sesn_1', idle)
    await look()
    sandbox.cargo.workspace.set('large', 'x'.repeat(2_000))
    ledger.use(row)
    ledger.add(row, { ...ledger.find(row), ...idle })
    await look()
    await look()
    expect(said).toEqual(['no copy of the workspace'])
    expect([...contents.keys()]).toEqual(['copy1'])
    expect(await ledger.latestExport('sesn_1', 'main')).toMatchObject({ content: 'copy1' })
  })

  test('are noted as none when the first would be too large', async () => {
    const { open, tend: look, ledger } = buildKeeper()
    const { sandbox } = await open('sesn_1', idle)
    sandbox.cargo.workspace.set('large', 'x'.repeat(2_000))
    await look()
    await look()
    expect(await ledger.latestExport('sesn_1', 'main')).toMatchObject({ content: null, generation: 1 })
  })

  test('are not made where that is switched off, and sandboxes are put away all the same', async () => {
    const { open, tend: look, contents, provider } = buildKeeper({ settings: { idleMs: minute, mostCopied: 0 } })
    const { row } = await open('sesn_1', due)
    await look()
    expect(contents.size).toBe(0)
    expect(provider.destroyed).toEqual([row.reference])
  })
})
