import { describe, expect, test } from 'vitest'
import { describeEnding } from '../../../src/hands/tools/ending.ts'

const result = { code: 137, output: new Uint8Array(), truncated: null, first: true, isCleared: false }
const shown = { text: 'so far', timeoutMs: 5_000 }

describe('the end of a command', () => {
  test('that came by itself is nothing to tell of', () => {
    expect(describeEnding('bash', { ...result, reason: 'exit' }, shown)).toBeNull()
  })

  test.each([
    [{ reason: 'timeout' as const }, 'so far\nbash: ended after 5000 ms, the time limit'],
    [{ reason: 'oom' as const }, 'so far\nbash: killed, the sandbox ran out of memory'],
    [
      { reason: 'oom' as const, code: 0 },
      'so far\nbash: the sandbox ran out of memory and something that ran in it was killed; the command itself ended with exit 0',
    ],
    [{ reason: 'cancelled' as const }, 'so far\nbash: the call was given up'],
    [{ reason: 'crowded' as const }, 'so far\nbash: ended, with everything else that ran in the sandbox'],
    [{ reason: 'lost' as const }, 'bash: what ran this call was killed'],
  ])('%j is told as an error', (ending, words) => {
    const outcome = describeEnding('bash', { ...result, ...ending }, shown)
    expect(outcome).toMatchObject({ isError: true })
    expect(outcome?.text.startsWith(words)).toBe(true)
  })
})
