import { describe, expect, test } from 'vitest'
import { readCpuMs } from '../../../bench/support/cpu.ts'

describe('CPU time', () => {
  test('of a process counts what it has started', async () => {
    const { parent, own } = await readCpuMs({ parent: process.ppid, own: process.pid })
    expect(own).toBeGreaterThan(0)
    expect(parent).toBeGreaterThanOrEqual(own)
  })

  test('of a process that is not there is nothing', async () => {
    expect(await readCpuMs({ nobody: 2 ** 30 })).toEqual({ nobody: 0 })
  })
})
