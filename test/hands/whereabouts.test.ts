import { describe, expect, test } from 'vitest'
import { HandsUnavailable } from '../../src/hands/hands.ts'
import type { HostRegistry } from '../../src/hands/hosts.ts'
import { createWhereabouts } from '../../src/hands/whereabouts.ts'

type State = Awaited<ReturnType<HostRegistry['look']>>

/** Answers these states in turn, the last one for ever; `asked` are the hosts that it was asked about. */
function createRegistry(...states: State[]) {
  const asked: string[] = []
  return {
    asked,
    async look(host: string): Promise<State> {
      asked.push(host)
      return (states.length > 1 ? states.shift() : states[0]) ?? 'unknown'
    },
  }
}

const { signal } = new AbortController()
const own = ['one', 'two']

describe('the whereabouts of a sandbox', () => {
  test.each([['one'], ['two'], [null], [undefined]])('are here for the host %s, and nobody is asked', async (host) => {
    const registry = createRegistry('silent')
    const place = createWhereabouts({ own, registry })
    expect(await place.find(host === undefined ? {} : { host }, signal)).toBe('here')
    expect(registry.asked).toEqual([])
  })

  test.each([
    ['beating', 'elsewhere'],
    ['silent', 'lost'],
  ] as const)('follow from the registry for another host: %s is %s', async (state, expected) => {
    const registry = createRegistry(state)
    expect(await createWhereabouts({ own, registry }).find({ host: 'three' }, signal)).toBe(expected)
    expect(registry.asked).toEqual(['three'])
  })

  test('are asked for again until they can be told', async () => {
    const registry = createRegistry('unknown', 'unknown', 'silent')
    const pauses: number[] = []
    const pause = async (ms: number): Promise<void> => void pauses.push(ms)
    expect(await createWhereabouts({ own, registry, pause }).find({ host: 'three' }, signal)).toBe('lost')
    expect(pauses).toEqual([1_000, 1_000])
  })

  test('are not guessed: what cannot be told for half a minute is no loss', async () => {
    let waited = 0
    const pause = async (ms: number): Promise<void> => void (waited += ms)
    const finding = createWhereabouts({ own, registry: createRegistry('unknown'), pause }).find({ host: 'x' }, signal)
    await expect(finding).rejects.toThrow(HandsUnavailable)
    expect(waited).toBe(30_000)
  })

  test('are given up with the call that asks', async () => {
    const givenUp = new AbortController()
    const finding = createWhereabouts({ own, registry: createRegistry('unknown') }).find({ host: 'x' }, givenUp.signal)
    givenUp.abort(new Error('nobody waits'))
    await expect(finding).rejects.toThrow('nobody waits')
  })
})
