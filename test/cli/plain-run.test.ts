import { describe, expect, test } from 'vitest'
import type { PlainRun } from '../../src/cli/plain-run.ts'
import { runPlainLoop } from '../../src/cli/plain-run.ts'
import type { FakePlainLoopOptions } from './plain-loops.ts'
import { createFakePlainLoop } from './plain-loops.ts'

async function run(options: FakePlainLoopOptions = {}): Promise<PlainRun & { deeds: readonly string[] }> {
  const { loop, deeds } = createFakePlainLoop(options)
  const { signal } = new AbortController()
  return { ...(await runPlainLoop({ loop, task: 'ship it', signal, downMs: 1 })), deeds }
}

describe('a plain loop that meets the crash', () => {
  test('is killed in the middle, told something meanwhile, and started again with the task', async () => {
    expect((await run()).deeds).toEqual(['start ship it', 'kill', 'type Also print the version.', 'start ship it'])
  })

  test('is counted in its folder and at the model', async () => {
    expect(await run()).toMatchObject({
      shipment: { ledger: 2 },
      modelCalls: 4,
      messages: 3,
      kept: 1,
      isTaken: false,
      isTold: false,
      answer: 'All 6 tests pass; shipped once.',
    })
  })

  test('has taken the message when somebody read it, and been told when the model got it', async () => {
    expect(await run({ isTyped: true, isTold: true })).toMatchObject({ isTaken: true, isTold: true })
  })

  test.each([
    ['ends before the kill', { isEarly: true, printed: 'no key\n' }, /^it ended before .* upload 2: no key$/],
    ['fails when it is started again', { code: 1, printed: '' }, /^its second start ended with 1$/],
  ])('is not measured when it %s', async (_what, options, problem) => {
    await expect(run(options)).rejects.toThrow(problem)
  })

  test('is given up when the demo is ended', async () => {
    const { loop } = createFakePlainLoop()
    const stopping = new AbortController()
    const looking = { ...loop, look: async () => (stopping.abort(), '0\n') }
    await expect(runPlainLoop({ loop: looking, task: 'x', signal: stopping.signal })).rejects.toThrow('aborted')
  })
})
