import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { after } from '../../src/wire/after.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a delayed call is made once, when its time has come, unless it was stopped', () => {
  const ran: string[] = []
  after(20, () => ran.push('one'))
  const stop = after(20, () => ran.push('two'))
  vi.advanceTimersByTime(19)
  stop()
  expect(ran).toEqual([])
  vi.advanceTimersByTime(100)
  expect(ran).toEqual(['one'])
})
