import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { on, once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { awaitReady } from '../../src/dev/ready.ts'

const module = pathToFileURL(join(import.meta.dirname, '../../src/dev/ready.ts')).href

function child(script: string, stdio: 'ipc' | 'ignore' = 'ipc'): ChildProcess {
  const args = ['--import', 'tsx', '--input-type=module', '-e', `import * as ready from '${module}'; ${script}`]
  const started = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', stdio] })
  onTestFinished(() => void started.kill('SIGKILL'))
  return started
}

describe('readiness', () => {
  test('reaches the supervisor when the child announces it', async () => {
    const started = child('ready.announceReady(); setInterval(() => {}, 1000)')
    await expect(awaitReady(started, AbortSignal.timeout(9_000))).resolves.toBeUndefined()
  })

  test('is not mistaken for other messages', async () => {
    const started = child("process.send('hello'); process.send({ ready: true }); setInterval(() => {}, 1000)")
    const stop = new AbortController()
    const waiting = awaitReady(started, stop.signal)
    for await (const [message] of on(started, 'message')) if (typeof message === 'object') break
    stop.abort(new Error('given up'))
    await expect(waiting).rejects.toThrow('given up')
  })

  test('rejects at once when it is too late already', async () => {
    await expect(awaitReady(child(''), AbortSignal.abort(new Error('late')))).rejects.toThrow('late')
  })

  test('costs nothing without a supervisor', async () => {
    const script = 'ready.announceReady(); ready.onSupervisorGone(() => process.exit(9)); process.exitCode = 4'
    const [code] = await once(child(script, 'ignore'), 'exit')
    expect(code).toBe(4)
  })

  test('lets the child notice that its supervisor is gone', async () => {
    const started = child(
      'ready.onSupervisorGone(() => process.exit(7)); ready.announceReady(); setInterval(() => {}, 1000)',
    )
    await awaitReady(started, AbortSignal.timeout(9_000))
    started.disconnect()
    const [code] = await once(started, 'exit')
    expect(code).toBe(7)
  })
})
