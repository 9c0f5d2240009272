import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { identifyProcess, isRunning } from '../../src/dev/process-identity.ts'

describe('the identity of a process', () => {
  test('is the same at every look and ends with the process', async () => {
    const child = spawn('sleep', ['60'])
    const identity = identifyProcess(child.pid ?? 0)
    if (identity === undefined) throw new Error('not found')
    expect(identifyProcess(identity.pid)).toEqual(identity)
    expect(isRunning(identity)).toBe(true)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(isRunning(identity)).toBe(false)
  })

  test('is not that of a later process with the same id', () => {
    expect(isRunning({ pid: process.pid, start: 'another' })).toBe(false)
  })
})
