import { describe, expect, test } from 'vitest'
import { HandsUnavailable } from '../../src/hands/hands.ts'
import { tend } from '../../src/hands/keeper.ts'
import type { KeptSandbox } from '../../src/hands/ledger.ts'
import type { Change } from './keeper-rig.ts'
import { buildKeeper, due, idle, minute } from './keeper-rig.ts'

/** A sandbox of an idle session in which a command runs whose call nobody waits for. */
async function build(change: Change = {}, kept: Partial<KeptSandbox> = idle) {
  const keeper = buildKeeper(change)
  const { row, sandbox } = await keeper.open('sesn_1')
  keeper.ledger.use(row, 'sevt_old')
  keeper.ledger.add(row, kept)
  sandbox.commands.add('sevt_old')
  return { ...keeper, row, sandbox }
}

/** The same with two of them. */
async function buildTwo() {
  const keeper = await build()
  keeper.ledger.use(keeper.row, 'sevt_next')
  keeper.ledger.add(keeper.row, idle)
  keeper.sandbox.commands.add('sevt_next')
  return keeper
}

describe('commands of calls that were given up', () => {
  test('are ended once the session rests, and the workspace is copied', async () => {
    const { tend: look, sandbox, said, contents } = await build()
    await look()
    expect(sandbox.cancelled).toEqual(['sevt_old'])
    expect(said).toEqual(['commands ended that nobody waits for'])
    expect(contents.size).toBe(0)
    await look()
    expect(contents.size).toBe(1)
    expect(sandbox.cancelled).toEqual(['sevt_old'])
  })

  test.each<[string, Partial<KeptSandbox>, Change]>([
    ['by its log is at work', idle, { openCalls: async () => null }],
    ['by the index is at work', { ...idle, status: 'running' }, {}],
    ['by the index is about to try again', { ...idle, status: 'rescheduling' }, {}],
    ['waits for the call', idle, { openCalls: async () => ['sevt_old'] }],
    ['has called a moment ago', { ...idle, unusedMs: minute - 1 }, {}],
  ])('go on where the session %s', async (_, kept, change) => {
    const { tend: look, sandbox, provider, contents } = await build(change, { ...kept, evictAt: new Date() })
    await look()
    expect([sandbox.cancelled, provider.destroyed, contents.size]).toEqual([[], [], 0])
  })

  test('are ended, and nothing that begins while the log is asked', async () => {
    const {
      tend: look,
      ledger,
      row,
      sandbox,
    } = await build({
      async openCalls() {
        ledger.use(row, 'sevt_new')
        sandbox.commands.add('sevt_new')
        return ['sevt_new']
      },
    })
    await look()
    expect(sandbox.cancelled).toEqual(['sevt_old'])
    expect([...sandbox.commands]).toEqual(['sevt_new'])
  })

  test('are asked for before the log is: what began behind its answer is none of them', async () => {
    const order: string[] = []
    const { tend: look, sandbox } = await build({
      async openCalls() {
        order.push('log')
        return []
      },
    })
    const running = sandbox.running.bind(sandbox)
    sandbox.running = () => {
      order.push('sandbox')
      return running()
    }
    await look()
    expect(order).toEqual(['sandbox', 'log'])
  })

  test('are those of calls alone, and of this generation', async () => {
    const { tend: look, ledger, row, sandbox } = await build()
    ledger.use({ ...row, generation: 2 }, 'sevt_other')
    ledger.add(row, idle)
    for (const id of ['repository_sesrsc_1_0', 'placed', 'sevt_other', 'sevt_unknown']) sandbox.commands.add(id)
    await look()
    expect(sandbox.cancelled).toEqual(['sevt_old'])
  })

  test('are ended in every hand of the session, each where it runs', async () => {
    const { tend: look, provider, ledger, sandbox } = await build()
    const row = { ...(await provider.provision({ sessionId: 'sesn_1', hand: 'gpu', generation: 1 })), host: 'here' }
    ledger.use(row, 'sevt_gpu')
    ledger.add(row, idle)
    const other = provider.living.get(row.reference)
    other?.commands.add('sevt_gpu')
    await look()
    expect([sandbox.cancelled, other?.cancelled]).toEqual([['sevt_old'], ['sevt_gpu']])
  })

  test.each<[string, Change['settings'] & object]>([
    ['no copies are made', { idleMs: 15 * minute, mostCopied: 0 }],
    ['nothing is ever put away', { idleMs: 0, mostCopied: 0 }],
  ])('are ended where %s, and then the sandbox is asked every ten minutes', async (_, settings) => {
    const { tendAt, sandbox, provider } = await build({ settings })
    const asked: number[] = []
    for (let minutes = 0; minutes < 13; minutes++) {
      const { busy } = sandbox
      sandbox.busy = () => {
        asked.push(minutes)
        return busy.call(sandbox)
      }
      await tendAt(minutes * minute)
      sandbox.busy = busy
    }
    expect(asked).toEqual([0, 1, 11])
    expect([sandbox.cancelled, provider.destroyed]).toEqual([['sevt_old'], []])
  })

  test('keep no sandbox from being put away', async () => {
    const { tend: look, provider, row } = await build({}, due)
    await look()
    expect(provider.destroyed).toEqual([])
    await look()
    expect(provider.destroyed).toEqual([row.reference])
  })

  test('that cannot be ended are tried again after a minute, and keep no other sandbox from its turn', async () => {
    const { tendAt, open, sandbox, contents } = await build()
    sandbox.isStubborn = true
    await open('sesn_2', idle)
    await tendAt(0)
    await tendAt(minute - 1)
    expect(sandbox.cancelled).toEqual(['sevt_old'])
    expect([...contents.values()]).toEqual(['[["file","sesn_2"]]'])
    await tendAt(minute)
    expect(sandbox.cancelled).toEqual(['sevt_old', 'sevt_old'])
  })

  test('are ended eight at a look, in the order in which the sandbox names them', async () => {
    const { tend: look, ledger, row, sandbox } = await build()
    for (let n = 0; n < 10; n++) {
      ledger.use(row, `sevt_${n}`)
      sandbox.commands.add(`sevt_${n}`)
    }
    ledger.add(row, idle)
    const first = (await sandbox.running()).slice(0, 8)
    await look()
    expect(sandbox.cancelled).toEqual(first)
  })

  test('are left to whoever looks next when the keeper stops', async () => {
    const { pass, sandbox } = await buildTwo()
    const stopping = new AbortController()
    const { cancel } = sandbox
    sandbox.cancel = (id) => {
      stopping.abort()
      return cancel.call(sandbox, id)
    }
    await tend({ ...pass, signal: stopping.signal })
    expect([...sandbox.commands]).toEqual(['sevt_next'])
  })

  test('are left alone for a minute where the sandbox gives no answer', async () => {
    const { tendAt, sandbox, said } = await buildTwo()
    sandbox.away = new HandsUnavailable('the sandbox gives no answer')
    await tendAt(0)
    expect(said).toEqual(['sandbox not looked after; it is tried again'])
    sandbox.away = undefined
    await tendAt(minute - 1)
    expect(sandbox.cancelled).toEqual([])
    await tendAt(minute)
    expect(sandbox.cancelled).toEqual(['sevt_old', 'sevt_next'])
  })

  test('go on where the log cannot be read, and the keeper says so', async () => {
    const {
      tend: look,
      sandbox,
      said,
    } = await build({
      openCalls: async () => Promise.reject(new Error('Temporal is away')),
    })
    await look()
    expect([sandbox.cancelled, said]).toEqual([[], ['sandbox not looked after; it is tried again']])
  })
})
