import { spawn } from 'node:child_process'
import { readlink } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { endProcess, identify, isEnterable, isInPidNamespace, isRunning } from '../../src/hands/sandbox-process.ts'

describe('a process identity', () => {
  test('is one process, not its pid', async () => {
    const self = await identify(process.pid)
    if (self === null) throw new Error('expected this process to run')
    expect(await isRunning(self)).toBe(true)
    expect(await isEnterable(self)).toBe(true)
    expect(await isEnterable({ ...self, startTime: '1' })).toBe(false)
    expect(await isRunning({ ...self, startTime: `${Number(self.startTime) + 1}` })).toBe(false)
    expect(await isRunning({ ...self, hostBoot: 'another boot' })).toBe(false)
  })

  test('does not exist for a pid without a process', async () => {
    expect(await identify(2 ** 22 + 1)).toBeNull()
  })

  test('is read past a program name with spaces and brackets', async () => {
    const child = spawn(process.execPath, [
      '-e',
      'process.title = ") R 1 ("; console.log("up"); setInterval(() => {}, 1000)',
    ])
    await new Promise((resolve) => child.stdout.once('data', resolve))
    const identity = await identify(child.pid ?? 0)
    expect(identity?.startTime).toMatch(/^\d+$/)
    expect(identity !== null && (await isRunning(identity))).toBe(true)
    child.kill('SIGKILL')
  })

  test('ends with its process, and ending it again is success', async () => {
    const child = spawn('sleep', ['300'])
    const identity = await identify(child.pid ?? 0)
    if (identity === null) throw new Error('expected sleep to run')
    await endProcess(identity)
    expect(await isRunning(identity)).toBe(false)
    expect(await isEnterable(identity)).toBe(false)
    await endProcess(identity)
  })

  test('tells pid namespaces by number', async () => {
    const inode = Number(/\d+/.exec(await readlink('/proc/self/ns/pid'))?.[0])
    expect(await isInPidNamespace(process.pid, inode)).toBe(true)
    expect(await isInPidNamespace(process.pid, inode + 1)).toBe(false)
    expect(await isInPidNamespace(2 ** 22 + 1, inode)).toBe(false)
  })
})
