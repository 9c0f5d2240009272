import { describe, expect, test } from 'vitest'
import { assertInterleavings } from './interleavings.ts'

const RUNS = 2000
const LIMIT_MS = 300_000

describe('a session under random interleavings', () => {
  test('keeps workflow, log and readers in one mind', { timeout: LIMIT_MS }, () => {
    const { tasks, entries } = assertInterleavings({ numRuns: RUNS })
    console.info(`interleavings: n = ${RUNS} sessions, ${tasks} workflow tasks, ${entries} log entries`)
    expect(tasks).toBeGreaterThan(RUNS)
  })
})
