import { describe, expect, test } from 'vitest'
import type { Collect, OutputPlace } from '../../src/hands/collector.ts'
import type { ToolOutcome } from '../../src/hands/hands.ts'
import { createOutputWatch, watchCalls } from '../../src/hands/output-watch.ts'
import { buildSandbox } from '../store/builders.ts'
import { createFakeBindings } from './fake-bindings.ts'
import { FakeCargo } from './fake-cargo.ts'

const place = { sessionId: 'sesn_1', hand: 'main' }

/** Looks whose answers a test gives, and waits that it ends. */
function open(answers: readonly (boolean | Error)[], hasSandbox = true) {
  const bindings = createFakeBindings()
  if (hasSandbox) bindings.rows.set('sesn_1', buildSandbox('sesn_1', 1))
  const waits: { readonly ms: number; readonly end: () => void }[] = []
  const warned: string[] = []
  let looks = 0
  const collect: Collect = async () => {
    const answer = answers[looks++] ?? true
    if (answer instanceof Error) throw answer
    return answer
  }
  const watch = createOutputWatch({
    collect,
    bindings,
    provider: { cargo: async () => new FakeCargo() },
    log: { warn: (_, message) => void warned.push(message) },
    wait: (ms, signal) =>
      new Promise<void>((resolve, reject) => {
        const stop = (): void => reject(new Error('stopped'))
        signal.addEventListener('abort', stop)
        waits.push({ ms, end: () => resolve(signal.removeEventListener('abort', stop)) })
      }),
  })
  async function pass(): Promise<number | undefined> {
    await expect.poll(() => waits.length).toBeGreaterThan(0)
    const next = waits.shift()
    next?.end()
    return next?.ms
  }
  return { watch, waits, warned, pass, looks: () => looks }
}

describe('a call', () => {
  const context = { sessionId: 'sesn_1', toolUseId: 'sevt_1', signal: AbortSignal.timeout(60_000), abandoned: [] }

  test.each<[string, () => Promise<ToolOutcome>]>([
    ['ends well', async () => ({ text: 'done', isError: false })],
    ['fails', async () => Promise.reject(new Error('away'))],
  ])('that %s has its outputs looked for, in its own hand', async (_, execute) => {
    const begun: OutputPlace[] = []
    const hands = watchCalls({ execute }, { begin: (where) => void begun.push(where) })
    await Promise.allSettled([
      hands.execute('bash', {}, context),
      hands.execute('bash', {}, { ...context, hand: 'gpu' }),
    ])
    expect(begun).toEqual([place, { ...place, hand: 'gpu' }])
  })

  test('that belongs to another host has nothing to be looked for here', async () => {
    const begun: OutputPlace[] = []
    const execute = async () => ({ text: '', isError: false, elsewhere: 'host_2' })
    await watchCalls({ execute }, { begin: (where) => void begun.push(where) }).execute('bash', {}, context)
    expect(begun).toEqual([])
  })
})

describe('a watch over outputs', () => {
  test('looks soon after a call, and again until nothing moves', async () => {
    const { watch, pass, waits, looks } = open([false, false, true])
    watch.begin(place)
    expect([await pass(), await pass(), await pass(), await pass()]).toEqual([500, 1_100, 1_100, 3_000])
    await watch.stop()
    expect([looks(), waits]).toEqual([3, []])
  })

  test('looks once for many calls, and again for one that came meanwhile', async () => {
    const { watch, pass, waits, looks } = open([true, true])
    for (let call = 0; call < 5; call++) watch.begin(place)
    expect(waits).toHaveLength(1)
    await pass()
    await expect.poll(looks).toBe(1)
    watch.begin(place)
    expect(await pass()).toBe(3_000)
    await expect.poll(looks).toBe(2)
    expect(await pass()).toBe(3_000)
    await watch.stop()
    expect(looks()).toBe(2)
  })

  test('has nothing to do where there is no sandbox', async () => {
    const { watch, pass, looks } = open([], false)
    watch.begin(place)
    await pass()
    await pass()
    await watch.stop()
    expect(looks()).toBe(0)
  })

  test('says when it cannot look, and goes on with the next call', async () => {
    const { watch, pass, warned, looks } = open([new Error('away'), true])
    watch.begin(place)
    await pass()
    await expect.poll(() => warned).toEqual(['outputs were not collected'])
    watch.begin(place)
    await pass()
    await expect.poll(looks).toBe(2)
  })

  test('gives up what never stands still', async () => {
    const { watch, pass, waits, looks } = open(Array.from({ length: 100 }, () => false))
    watch.begin(place)
    for (let look = 0; look <= 30; look++) await pass()
    await watch.stop()
    expect([looks(), waits]).toEqual([30, []])
  })

  test('ends at once when it is stopped, and begins nothing after that', async () => {
    const { watch, waits, warned } = open([])
    watch.begin(place)
    await watch.stop()
    watch.begin({ ...place, hand: 'gpu' })
    expect([waits.length, warned]).toEqual([1, []])
  })
})
