import { describe, expect, test } from 'vitest'
import { buildKeeper, due, idle, minute } from './keeper-rig.ts'

describe('clearing away', () => {
  const listed = (age: number) => new Date(Date.now() - age)

  test('ends superseded ones after two minutes, those of deleted sessions at once, and leaves those being made', async () => {
    const { open, clearAway: clear, provider, ledger } = buildKeeper()
    const { row } = await open('sesn_1', idle)
    const rows = {
      current: { ...row, since: listed(9 * minute) },
      before: { ...row, generation: 0, reference: 'before', since: listed(3 * minute) },
      lost: { ...row, reference: 'lost', since: listed(3 * minute) },
      justLost: { ...row, reference: 'just-lost', since: listed(minute) },
      next: { ...row, generation: 2, reference: 'next', since: listed(20 * minute) },
      abandoned: { ...row, generation: 2, reference: 'abandoned', since: listed(31 * minute) },
      new: { ...row, sessionId: 'sesn_2', reference: 'new', since: listed(20 * minute) },
      deleted: { ...row, sessionId: 'sesn_3', reference: 'deleted', since: listed(0) },
    }
    ledger.tombstones.add('sesn_3')
    provider.list = async () => Object.values(rows)
    await clear()
    expect(provider.destroyed.toSorted()).toEqual(['abandoned', 'before', 'deleted', 'lost'])
  })

  test('gives one to calls again that is busy behind the retirement of a keeper that died', async () => {
    const { open, clearAway: clear, provider, ledger } = buildKeeper()
    const { row, sandbox } = await open('sesn_1', due)
    await ledger.retire(row, ledger.find(row)?.usedAt ?? new Date(0))
    sandbox.isBusy = true
    await clear()
    expect([provider.destroyed, ledger.find(row)?.row.retired]).toEqual([[], undefined])
  })

  test('leaves one in which a command runs', async () => {
    const { open, clearAway: clear, provider, ledger } = buildKeeper()
    const { row, sandbox } = await open('sesn_1', idle)
    sandbox.isBusy = true
    ledger.kept.clear()
    provider.list = async () => [{ ...row, since: listed(31 * minute) }]
    await clear()
    expect(provider.destroyed).toEqual([])
    sandbox.isBusy = false
    await clear()
    expect(provider.destroyed).toEqual([row.reference])
  })

  test('ends one of a deleted session, whatever runs there', async () => {
    const { open, clearAway: clear, provider, ledger } = buildKeeper()
    const { row, sandbox } = await open('sesn_1', idle)
    sandbox.isBusy = true
    ledger.tombstones.add('sesn_1')
    await clear()
    expect(provider.destroyed).toEqual([row.reference])
  })

  test('gives the host’s name to those that had none and are here', async () => {
    const { open, clearAway: clear, ledger, tend: look, contents } = buildKeeper()
    const { row } = await open('sesn_1', idle)
    ledger.add({ ...row, host: null }, idle)
    ledger.add({ ...row, sessionId: 'sesn_2', reference: 'elsewhere', host: null }, due)
    await look()
    expect(contents.size).toBe(0)
    await clear()
    expect(ledger.find(row)?.row.host).toBe('here')
    expect(ledger.kept.get('sesn_2')?.row.host).toBeNull()
  })
})
