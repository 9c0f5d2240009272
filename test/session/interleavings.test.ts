import { describe, expect, test } from 'vitest'
import { assertInterleavings } from './interleavings.ts'

const RUNS = 2000
const LIMIT_MS = 300_000

describe('a session under random interleavings', () => {
  test('keeps workflow, log and readers in one mind', { timeout: LIMIT_MS }, () => {
    const counts = assertInterleavings({ numRuns: RUNS })
    const told = Object.entries(counts).map(([name, count]) => `${count} ${name}`)
    console.info(`interleavings: n = ${RUNS} sessions, ${told.join(', ')}`)
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(0)
  })
})
