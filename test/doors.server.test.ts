import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectDoors } from '../src/doors.ts'
import { ask } from './egress/test-proxy.ts'

let data = ''
beforeAll(async () => (data = await mkdtemp(join(tmpdir(), 'longhand-doors-'))))
afterAll(() => rm(data, { recursive: true, force: true }))

/** Of the process that keeps the doors, by the log that it writes when it begins. */
async function pids(): Promise<readonly number[]> {
  const lines = (await readFile(join(data, 'logs', 'egress.log'), 'utf8')).trim().split('\n')
  const begun = lines.map((line) => JSON.parse(line) as { pid: number; msg: string })
  return begun.filter(({ msg }) => msg === 'the egress process is ready').map(({ pid }) => pid)
}

describe('the doors of a host', () => {
  test('are kept by a process that comes back when it is killed, and ends when it is told to', async () => {
    const doors = connectDoors({ data }, async (session) => ({ type: 'limited', hosts: [`${session}.test`] }))
    const stopping = new AbortController()
    const attending = doors.attend(stopping.signal)
    expect(await readdir(join(data, 'egress')).catch(() => [])).not.toContain('control.sock')
    const folder = await doors.open('sesn_1.1', 'sesn-1')
    const socket = join(folder, 'proxy.sock')
    expect((await ask(socket, 'http://a.test/')).body).toContain('It allows sesn-1.test.')

    const [first = 0] = await pids()
    process.kill(first, 'SIGKILL')
    while ((await pids()).length < 2) await pause(50)
    expect((await ask(socket, 'http://a.test/')).body).toContain('It allows sesn-1.test.')

    stopping.abort()
    await attending
    await doors.end()
    await expect(ask(socket, 'http://a.test/')).rejects.toThrow('ENOENT')
    const [, second = 0] = await pids()
    while (isRunning(second)) await pause(20)
    expect((await readdir(join(data, 'egress'))).filter((name) => name !== 'control.sock')).toEqual([])
  })
})

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
