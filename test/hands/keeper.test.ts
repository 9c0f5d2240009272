import { describe, expect, test } from 'vitest'
import { CargoRefused } from '../../src/hands/cargo.ts'
import { startKeeper, tend } from '../../src/hands/keeper.ts'
import type { KeptSandbox } from '../../src/hands/ledger.ts'
import type { Change } from './keeper-rig.ts'
import { buildKeeper, due, idle, minute } from './keeper-rig.ts'

describe('a keeper', () => {
  test('puts away what was not used for long, with a copy', async () => {
    const { open, tend: look, contents, provider, ledger, said } = buildKeeper()
    const { row } = await open('sesn_1', due)
    const other = await open('sesn_2', idle)
    await look()
    expect(provider.destroyed).toEqual([row.reference])
    expect(contents.size).toBe(2)
    expect(ledger.find(row)?.row.retired).toBe(true)
    expect(ledger.find(other.row)?.row.retired).toBeUndefined()
    expect(said).toEqual(['sandbox put away'])
  })

  test.each<[string, Partial<KeptSandbox>, Change]>([
    ['is not idle', { ...due, status: 'running' }, {}],
    ['was used less long ago', { ...due, unusedMs: 14 * minute }, {}],
    ['is never to be put away', due, { settings: { idleMs: 0, mostCopied: 1_000 } }],
    ['is on another host', { ...due }, { hosts: [{ host: 'there', provider: 'fake' }] }],
  ])('puts away none that %s', async (_, kept, more) => {
    const { open, tend: look, provider } = buildKeeper(more)
    await open('sesn_1', kept)
    await look()
    expect(provider.destroyed).toEqual([])
  })

  test('puts away what somebody wants put away, once it is idle', async () => {
    const { open, tend: look, provider, ledger, contents } = buildKeeper()
    const { row } = await open('sesn_1', { status: 'running', unusedMs: minute })
    await ledger.evict('sesn_1')
    await look()
    expect(provider.destroyed).toEqual([])
    ledger.add(row, { ...ledger.find(row), status: 'idle' })
    await look()
    expect(provider.destroyed).toEqual([row.reference])
    expect(contents.size).toBe(1)
  })

  test('copies and puts away, and ends, those whose outputs cannot be had', async () => {
    const {
      open,
      tend: look,
      provider,
      contents,
      ledger,
      said,
    } = buildKeeper({
      collect: async () => Promise.reject(new CargoRefused('too many')),
    })
    const { row } = await open('sesn_1', due)
    const over = await open('sesn_2', { status: null, isGone: true })
    const { row: resting } = await open('sesn_3', idle)
    await look()
    expect(provider.destroyed.toSorted()).toEqual([row.reference, over.row.reference])
    expect(contents.size).toBe(2)
    expect(ledger.find(resting)?.collectedAt).not.toBeNull()
    expect(said.filter((message) => message === 'outputs cannot be collected')).toHaveLength(4)
  })

  test('ends nothing that a call was bound to meanwhile', async () => {
    const { open, tend: look, provider, ledger } = buildKeeper()
    const { row } = await open('sesn_1', due)
    const { retire } = ledger
    ledger.retire = (...args) => {
      ledger.use(row)
      return retire(...args)
    }
    await look()
    expect(provider.destroyed).toEqual([])
    expect(ledger.find(row)?.row.retired).toBeUndefined()
  })

  test('revives what is busy behind its retirement', async () => {
    const { open, tend: look, provider, ledger } = buildKeeper()
    const { row, sandbox } = await open('sesn_1', due)
    const { retire } = ledger
    ledger.retire = (...args) => {
      sandbox.isBusy = true
      return retire(...args)
    }
    await look()
    expect(provider.destroyed).toEqual([])
    expect(ledger.find(row)?.row.retired).toBeUndefined()
  })

  test('ends those of sessions that are over, whatever runs there, without a copy', async () => {
    const { open, tend: look, provider, contents } = buildKeeper()
    const { row, sandbox } = await open('sesn_1', { status: null, isGone: true })
    sandbox.isBusy = true
    await look()
    expect(provider.destroyed).toEqual([row.reference])
    expect(contents.size).toBe(0)
  })

  test('looks a last time through the outputs of sessions that are over, where they can be looked through', async () => {
    const seen: unknown[] = []
    const {
      open,
      tend: look,
      provider,
    } = buildKeeper({
      collect: async ({ sessionId }, _, how) => {
        seen.push([sessionId, how])
        return false
      },
    })
    await open('sesn_1', { status: null, isGone: true })
    await look()
    const { row } = await open('sesn_2', { status: null, isGone: true })
    provider.living.delete(row.reference)
    await look()
    expect(seen).toEqual([['sesn_1', { last: true }]])
    expect(provider.destroyed).toHaveLength(2)
  })

  test('leaves one that is lost to the next call, and clears it away when that is long in coming', async () => {
    const { open, tend: look, provider, ledger } = buildKeeper()
    const { row } = await open('sesn_1', idle)
    provider.living.clear()
    await look()
    expect(provider.destroyed).toEqual([])
    ledger.add(row, due)
    await look()
    await look()
    expect(provider.destroyed).toEqual([row.reference])
  })

  test('looks through the outputs of those at work and of those used lately, and a last time before the end', async () => {
    const seen: string[] = []
    const { open, tend: look } = buildKeeper({
      collect: async ({ sessionId }, _, { last = false } = {}) => {
        seen.push(`${sessionId}${last ? ' last' : ''}`)
        return true
      },
    })
    await open('sesn_1', { status: 'running', unusedMs: 10 * minute })
    await open('sesn_2', { status: 'idle', unusedMs: minute, exportedAt: new Date(9e12) })
    await open('sesn_3', { ...idle, unusedMs: 5 * minute, exportedAt: new Date(9e12), collectedAt: new Date(9e12) })
    await open('sesn_4', { ...due, collectedAt: new Date(9e12) })
    await look()
    expect(seen.toSorted()).toEqual(['sesn_1', 'sesn_2', 'sesn_4 last'])
  })

  test('looks through outputs again as long as something is left there', async () => {
    const answers = [false, true, true]
    const { open, tend: look } = buildKeeper({ collect: async () => answers.shift() ?? true })
    await open('sesn_1', { ...idle, unusedMs: 5 * minute })
    for (let looks = 0; looks < 4; looks++) await look()
    expect(answers).toEqual([true])
  })

  test('lets one that fails keep no other from its turn, and tries it again', async () => {
    const { open, tend: look, provider, said, contents } = buildKeeper()
    const broken = await open('sesn_1', due)
    const { row } = await open('sesn_2', due)
    const { attach } = provider
    provider.attach = (one) =>
      one.sessionId === 'sesn_1' ? Promise.reject(new Error('the daemon is away')) : attach(one)
    await look()
    expect(provider.destroyed).toEqual([row.reference])
    expect(said).toContain('sandbox not looked after; it is tried again')
    provider.attach = attach
    await look()
    expect(provider.destroyed).toContain(broken.row.reference)
    expect(contents.size).toBe(2)
  })

  test('that dies before or behind any step leaves what the next one mends', async () => {
    let kills = 0
    for (let step = 1; ; step++) {
      const ends = await Promise.all(['before', 'behind'].map((when) => killAt(step, when === 'before')))
      if (ends.every(({ isWhole }) => isWhole)) break
      kills += ends.filter(({ isWhole }) => !isWhole).length
      for (const { world, row } of ends) {
        await world.tend()
        await world.clearAway()
        const copy = await world.ledger.latestExport('sesn_1', 'main')
        expect(world.contents.get(copy?.content ?? '')).toBe('[["file","sesn_1"]]')
        expect(world.provider.living.size).toBe(0)
        expect(new Set(world.provider.destroyed)).toEqual(new Set([row.reference]))
      }
    }
    expect(kills).toBeGreaterThan(10)
    console.log(`keepers killed: n = ${kills}, each time the workspace was kept and the sandbox ended`)
  })
})

/** Lets a keeper do so many steps, of which it dies before the last or behind it. */
async function killAt(last: number, isBefore: boolean) {
  const world = buildKeeper()
  const { row } = await world.open('sesn_1', due)
  let steps = 0
  const dying = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return async (...args: unknown[]) => {
          steps++
          if (steps > last || (steps === last && isBefore)) throw new Error('killed')
          const answer: unknown = await method.apply(target, args)
          if (steps === last) throw new Error('killed')
          return name === 'attach' && typeof answer === 'object' && answer !== null ? dying(answer) : answer
        }
      },
    })
  const { provider, ledger, copies, pass } = world
  await tend({ ...pass, provider: dying(provider), ledger: dying(ledger), copies: dying(copies) }).catch(() => {})
  return { world, row, isWhole: steps < last }
}

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

describe('the loop of a keeper', () => {
  test('looks at once, at what nobody wants too, and ends when it is stopped', async () => {
    let looks = 0
    const names = async () => {
      looks++
      return []
    }
    const { options, open, contents } = buildKeeper({ doors: { names, close: async () => {} } })
    await open('sesn_1', idle)
    const keeper = startKeeper(options)
    await expect.poll(() => contents.size).toBe(1)
    await keeper.stop()
    expect(looks).toBe(1)
  })

  test('goes on when a look fails, and looks at nothing while another process does', async () => {
    const { options, open, contents, said } = buildKeeper({
      exclusively: async () => Promise.reject(new Error('away')),
    })
    await open('sesn_1', idle)
    const keeper = startKeeper(options)
    await expect.poll(() => said).toEqual(['sandboxes were not looked after; it is tried again'])
    await keeper.stop()
    const other = startKeeper({ ...options, exclusively: async () => false })
    await other.stop()
    expect(contents.size).toBe(0)
  })

  test('breaks a copy off when it is stopped', async () => {
    let begin = () => {}
    const begun = new Promise<void>((resolve) => (begin = resolve))
    const { options, open, contents, said } = buildKeeper()
    const { sandbox } = await open('sesn_1', idle)
    const endless = async function* () {
      for (;;) {
        yield Buffer.from('x')
        begin()
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    sandbox.cargo.exportWorkspace = () => ({ tar: endless(), passed: { entries: 0, leftOut: 0 }, isWhole: () => true })
    const keeper = startKeeper(options)
    await begun
    await keeper.stop()
    expect(contents.size).toBe(0)
    expect(said).toEqual([])
  })
})
