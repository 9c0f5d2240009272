import { describe, expect, test } from 'vitest'
import { runCanary } from '../../src/dev/canary.ts'

/** Steps that take these times on a clock of their own, the warm-up first. */
function steps(...durations: number[]): Parameters<typeof runCanary>[0] {
  let clock = 0
  let count = 0
  return {
    now: () => clock,
    step: async () => {
      clock += durations[count++] ?? Number.NaN
    },
  }
}

describe('the canary', () => {
  test('is content with quick steps, whatever the first one took', async () => {
    expect(await runCanary(steps(900, 10, 12, 11, 14, 13))).toEqual({ stepMs: 12, warning: undefined })
  })

  test('is not misled by one slow step', async () => {
    expect(await runCanary(steps(10, 10, 10, 500, 10, 10))).toMatchObject({ warning: undefined })
  })

  test('accepts 40 ms and warns above', async () => {
    expect(await runCanary(steps(1, 40, 40, 40, 40, 40))).toMatchObject({ warning: undefined })
    const { stepMs, warning } = await runCanary(steps(1, 51, 50, 50, 49, 50))
    expect(stepMs).toBe(50)
    expect(warning).toContain('takes 50 ms, over 40 ms: set history.transferProcessorMaxPollRPS=2000')
  })

  test('passes on what a step throws', async () => {
    const step = () => Promise.reject(new Error('no worker'))
    await expect(runCanary({ step })).rejects.toThrow('no worker')
  })
})
