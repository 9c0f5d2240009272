import { describe, expect, test } from 'vitest'
import type { KeptSandbox } from '../../src/hands/ledger.ts'
import { CargoRefused } from '../../src/hands/cargo.ts'
import type { FakeSandbox } from './fake-provider.ts'
import { tend } from '../../src/hands/keeper.ts'
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

  test('are made a last time before the end: what was left running has written on', async () => {
    const { open, tend: look, contents, ledger, provider } = buildKeeper()
    const { row, sandbox } = await open('sesn_1', idle)
    await look()
    sandbox.cargo.workspace.set('log', 'of a process in the background')
    ledger.add(row, { ...ledger.find(row), ...due })
    await look()
    expect(provider.destroyed).toEqual([row.reference])
    const { content } = (await ledger.latestExport('sesn_1', 'main')) ?? {}
    expect(contents.get(content ?? '')).toContain('of a process in the background')
  })

  test('that cannot be made keep their sandbox, which is asked again after a while', async () => {
    const { open, pass, contents, provider, said } = buildKeeper()
    const { row, sandbox } = await open('sesn_1', due)
    const whole = sandbox.cargo.exportWorkspace.bind(sandbox.cargo)
    sandbox.cargo.exportWorkspace = () => {
      throw new CargoRefused('tar ended with 137')
    }
    for (const after of [0, 1, 9]) await tend({ ...pass, now: pass.now + after * minute })
    expect([provider.destroyed, said]).toEqual([[], ['no copy of the workspace']])
    sandbox.cargo.exportWorkspace = whole
    await tend({ ...pass, now: pass.now + 10 * minute })
    expect([provider.destroyed, contents.size]).toEqual([[row.reference], 1])
  })

  test.each([
    ['on', 1_000],
    ['off', 0],
  ])('that can never be made, of sandboxes from before, keep those too where they are switched %s', async (_, most) => {
    const settings = { idleMs: minute, mostCopied: most }
    const { open, tend: look, provider, ledger } = buildKeeper({ settings })
    const { row } = await open('sesn_1', due)
    provider.cargo = async () => null
    for (let looks = 0; looks < 2; looks++) await look()
    expect(provider.destroyed).toEqual([])
    await ledger.evict('sesn_1')
    await look()
    expect(provider.destroyed).toEqual([row.reference])
  })

  test('that cannot be made are tried again once the sandbox was used', async () => {
    const { open, tend: look, contents, ledger } = buildKeeper()
    const { row, sandbox } = await open('sesn_1', idle)
    const whole = sandbox.cargo.exportWorkspace.bind(sandbox.cargo)
    sandbox.cargo.exportWorkspace = () => {
      throw new CargoRefused('tar ended with 137')
    }
    await look()
    sandbox.cargo.exportWorkspace = whole
    await look()
    expect(contents.size).toBe(0)
    ledger.use(row)
    ledger.add(row, { ...ledger.find(row), ...idle })
    await look()
    expect(contents.size).toBe(1)
  })

  test('that cannot be made keep no sandbox that somebody wants put away', async () => {
    const { open, tend: look, provider, ledger } = buildKeeper()
    const { row, sandbox } = await open('sesn_1', due)
    sandbox.cargo.exportWorkspace = () => {
      throw new CargoRefused('tar ended with 137')
    }
    await look()
    expect(provider.destroyed).toEqual([])
    await ledger.evict('sesn_1')
    await look()
    expect(provider.destroyed).toEqual([row.reference])
  })

  test('that the store does not take are tried again after a minute, and the sandbox stays', async () => {
    const { open, pass, copies, contents, provider } = buildKeeper()
    const { row } = await open('sesn_1', due)
    const { write } = copies
    let tries = 0
    copies.write = () => Promise.reject(new Error(`no room for try ${++tries}`))
    for (const after of [0, 5_000, 59_999]) await tend({ ...pass, now: pass.now + after })
    expect([tries, provider.destroyed]).toEqual([1, []])
    copies.write = write
    await tend({ ...pass, now: pass.now + minute })
    expect([provider.destroyed, contents.size]).toEqual([[row.reference], 1])
  })

  test('know what they are without', async () => {
    const { open, tend: look, ledger } = buildKeeper()
    const { sandbox } = await open('sesn_1', idle)
    Object.assign(sandbox.cargo, { leftOut: 2, isWhole: false })
    await look()
    expect(await ledger.latestExport('sesn_1', 'main')).toMatchObject({ leftOut: 2, isWhole: false })
  })

  test('are not made where that is switched off, and sandboxes are put away all the same', async () => {
    const { open, tend: look, contents, provider } = buildKeeper({ settings: { idleMs: minute, mostCopied: 0 } })
    const { row } = await open('sesn_1', due)
    await look()
    expect(contents.size).toBe(0)
    expect(provider.destroyed).toEqual([row.reference])
  })
})
