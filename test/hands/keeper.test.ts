import { describe, expect, test } from 'vitest'
import { CargoRefused } from '../../src/hands/cargo.ts'
import { HandsUnavailable } from '../../src/hands/hands.ts'
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

  test('ends one of a session that is over, though its outputs could not be had for an hour', async () => {
    const collect = async () => Promise.reject(new HandsUnavailable('the sandbox gives nothing'))
    const { open, pass, provider, said } = buildKeeper({ collect })
    const { row } = await open('sesn_1', { status: null, isGone: true })
    const left = []
    for (let looks = 0; looks <= 118; looks++) {
      await tend({ ...pass, now: pass.now + (looks * minute) / 2 })
      left.push(provider.living.size)
    }
    expect(left).toEqual([...Array.from({ length: 118 }, () => 1), 0])
    expect(provider.destroyed).toEqual([row.reference])
    expect(said.at(-1)).toBe('outputs given up')
  })

  test('asks one that gives no answer again a minute later', async () => {
    const { open, pass, said, contents } = buildKeeper()
    const { sandbox } = await open('sesn_1', idle)
    const { busy } = sandbox
    let asked = 0
    sandbox.busy = () => {
      asked++
      return Promise.reject(new HandsUnavailable('the sandbox gives no answer'))
    }
    await tend(pass)
    await tend({ ...pass, now: pass.now + minute - 1 })
    expect([asked, said]).toEqual([1, ['sandbox not looked after; it is tried again']])
    sandbox.busy = busy
    await tend({ ...pass, now: pass.now + minute })
    expect(contents.size).toBe(1)
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
    expect(ledger.find(row)?.row).toMatchObject({ retired: true, isLost: true })
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
  // What it knew of refusals dies with it.
  const refusals = new Map<string, number>()
  await tend({ ...pass, refusals, provider: dying(provider), ledger: dying(ledger), copies: dying(copies) }).catch(
    () => {},
  )
  return { world, row, isWhole: steps < last }
}

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

  test('goes on when a look fails', async () => {
    let looks = 0
    const { options, open, contents, said } = buildKeeper({
      async exclusively(work) {
        if (++looks === 1) throw new Error('away')
        await work()
        return true
      },
      wait: () => new Promise((resolve) => setImmediate(resolve)),
    })
    await open('sesn_1', idle)
    const keeper = startKeeper(options)
    await expect.poll(() => contents.size).toBe(1)
    await keeper.stop()
    expect(said).toEqual(['sandboxes were not looked after; it is tried again'])
  })

  test('looks at nothing while another process does', async () => {
    let looks = 0
    const { options, open, contents } = buildKeeper({
      exclusively: async () => ++looks < 0,
      wait: () => new Promise((resolve) => setImmediate(resolve)),
    })
    await open('sesn_1', idle)
    const keeper = startKeeper(options)
    await expect.poll(() => looks).toBeGreaterThan(2)
    await keeper.stop()
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
