import { describe, expect, test, vi } from 'vitest'
import { createStatusWriter } from '../../src/activities/status-writer.ts'
import type { StatusHint } from '../../src/store/sessions.ts'

const hint = (id: string, length: number): StatusHint => ({ id, run: 1, length, status: 'running' })

function open(write: (hints: readonly StatusHint[]) => Promise<void>) {
  const warnings: string[] = []
  const writer = createStatusWriter({ hint: write }, { warn: (_, text) => void warnings.push(text) })
  return { writer, warnings }
}

describe('a status writer', () => {
  test('writes the latest hint of each session in one go', async () => {
    vi.useFakeTimers()
    const written: (readonly StatusHint[])[] = []
    const { writer } = open(async (hints) => void written.push(hints))
    writer.hint(hint('a', 1))
    writer.hint(hint('b', 1))
    writer.hint(hint('a', 2))
    expect(written).toEqual([])
    await vi.runAllTimersAsync()
    expect(written).toEqual([[hint('a', 2), hint('b', 1)]])
    vi.useRealTimers()
  })

  test('writes what has gathered when it is closed, and nothing when nothing has', async () => {
    const written: (readonly StatusHint[])[] = []
    const { writer } = open(async (hints) => void written.push(hints))
    writer.hint(hint('a', 1))
    await writer.close()
    await writer.close()
    expect(written).toEqual([[hint('a', 1)]])
  })

  test('says that hints were lost and goes on', async () => {
    let isDown = true
    const written: (readonly StatusHint[])[] = []
    const { writer, warnings } = open(async (hints) => {
      if (isDown) throw new Error('no database')
      written.push(hints)
    })
    writer.hint(hint('a', 1))
    await writer.close()
    isDown = false
    writer.hint(hint('a', 2))
    await writer.close()
    expect(warnings).toEqual(['status hints not written'])
    expect(written).toEqual([[hint('a', 2)]])
  })
})
