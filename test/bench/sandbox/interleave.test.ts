import { describe, expect, test } from 'vitest'
import { interleave } from '../../../bench/sandbox/interleave.ts'

describe('interleaved arms', () => {
  test('run once per round, each round beginning with the next one', async () => {
    const calls: string[] = []
    const arms = ['a', 'b', 'c'].map((name) => ({ name, once: async () => calls.push(name) }))
    await interleave(arms, { rounds: 4, warmUp: 0 })
    expect(calls.join('')).toBe('abcbcacababc')
  })

  test('give their times by name, without those of the warm-up', async () => {
    let a = 0
    const arms = [
      { name: 'a', once: async () => (a += 1) },
      { name: 'b', once: async () => 7 },
    ]
    const times = await interleave(arms, { rounds: 3, warmUp: 2 })
    expect(Object.fromEntries(times)).toEqual({ a: [3, 4, 5], b: [7, 7, 7] })
  })

  test('stop at the first that fails', async () => {
    const arms = [{ name: 'a', once: () => Promise.reject(new Error('no sandbox')) }]
    await expect(interleave(arms, { rounds: 1, warmUp: 0 })).rejects.toThrow('no sandbox')
  })
})
