import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { identifyProcess } from '../../src/dev/process-identity.ts'
import { awaitReady } from '../../src/dev/ready.ts'
import { Supervisor } from '../../src/dev/supervisor.ts'
import type { ProcessSpec, SupervisorEvent, SupervisorOptions } from '../../src/dev/supervisor.ts'
import { killProcess, temporaryFolder, untilGone } from '../support/programs.ts'

const serve = `process.send('longhand:ready'); setInterval(() => {}, 1000);`

interface Fixture {
  readonly supervisor: Supervisor
  readonly events: SupervisorEvent[]
  spec(name: string, script: string): ProcessSpec
  pid(name: string): number
  next(type: SupervisorEvent['type'], name: string): Promise<void>
  readonly log: string
}

async function supervise(options: SupervisorOptions = {}): Promise<Fixture> {
  const events: SupervisorEvent[] = []
  const log = join(await temporaryFolder(), 'log')
  const supervisor = new Supervisor({ backOffMs: 1, ...options, onEvent: (event) => events.push(event) })
  onTestFinished(() => supervisor.stop())
  return {
    supervisor,
    events,
    log,
    spec: (name, script) => ({
      name,
      command: process.execPath,
      args: ['-e', script],
      env: { ...process.env, LOG: log },
      logFile: log,
      ipc: true,
      ready: awaitReady,
    }),
    pid(name) {
      const pid = supervisor.pid(name)
      if (pid === undefined) throw new Error(`${name} is not running`)
      return pid
    },
    async next(type, name) {
      const seen = events.length
      await vi.waitFor(() => {
        if (!events.slice(seen).some((event) => event.type === type && event.name === name)) throw new Error('not yet')
      }, 8_000)
    },
  }
}

const isAlive = (pid: number) => identifyProcess(pid) !== undefined

describe('the supervisor', () => {
  test('starts a process and resolves when it says that it is ready', async () => {
    const { supervisor, spec, pid, events } = await supervise()
    await supervisor.start(spec('a', serve))
    expect(events).toEqual([{ type: 'ready', name: 'a', pid: pid('a') }])
  })

  test('keeps what a process says in its log', async () => {
    const { supervisor, spec, log } = await supervise()
    await supervisor.start(spec('a', `console.log('out'); console.error('err'); ${serve}`))
    expect(await readFile(log, 'utf8')).toBe('out\nerr\n')
  })

  test('starts again what dies', async () => {
    const { supervisor, spec, pid, next } = await supervise()
    await supervisor.start(spec('a', serve))
    const first = pid('a')
    const again = next('ready', 'a')
    process.kill(first, 'SIGKILL')
    await again
    expect(pid('a')).not.toBe(first)
  })

  test('goes on trying when a restart fails', async () => {
    const { supervisor, spec, pid, next, events, log } = await supervise()
    const failTwice = `
      const fs = require('node:fs'); fs.appendFileSync(process.env.LOG, '.')
      const starts = fs.readFileSync(process.env.LOG, 'utf8').length
      if (starts === 2 || starts === 3) process.exit(3); ${serve}`
    await supervisor.start(spec('a', failTwice))
    const again = next('ready', 'a')
    process.kill(pid('a'), 'SIGKILL')
    await again
    expect(await readFile(log, 'utf8')).toBe('....')
    expect(events.map((event) => (event.type === 'ended' ? event.how : event.type))).toEqual([
      'ready',
      'SIGKILL',
      'exit code 3',
      'exit code 3',
      'ready',
    ])
  })

  test('leaves a held process down until it is released', async () => {
    const { supervisor, spec, pid, next, events } = await supervise()
    await supervisor.start(spec('a', serve))
    await supervisor.start(spec('b', serve))
    const [a, b] = [pid('a'), pid('b')]
    supervisor.hold('a')
    const ended = next('ended', 'a')
    process.kill(a, 'SIGKILL')
    await ended
    // Another one dies and comes back meanwhile: the supervisor had its chance to restart the held one.
    const again = next('ready', 'b')
    process.kill(b, 'SIGKILL')
    await again
    expect(supervisor.pid('a')).toBeUndefined()
    expect(events.find((event) => event.type === 'ended' && event.name === 'a')).toMatchObject({ held: true })
    await supervisor.release('a')
    expect(pid('a')).not.toBe(a)
  })

  test('releases at once a held process that never ended', async () => {
    const { supervisor, spec, pid } = await supervise()
    await supervisor.start(spec('a', serve))
    const before = pid('a')
    supervisor.hold('a')
    await supervisor.release('a')
    expect(pid('a')).toBe(before)
  })

  test.each([
    ['ends', 'process.exit(3)', {}, 'a ended before it was ready (exit code 3)'],
    ['takes too long', 'setInterval(() => {}, 1000)', { readyMs: 200 }, 'a was not ready after 200 ms'],
  ])(
    'refuses a process that %s before it is ready, and does not try again',
    async (_what, script, options, message) => {
      const { supervisor, spec, events } = await supervise(options)
      await expect(supervisor.start(spec('a', script))).rejects.toMatchObject({ message, exitCode: 5 })
      expect(supervisor.pid('a')).toBeUndefined()
      expect(events.map(({ type }) => type)).toEqual(['ended'])
    },
  )

  test('says when the program is not there', async () => {
    const { supervisor, spec } = await supervise()
    const start = supervisor.start({ ...spec('a', ''), command: '/nowhere/program' })
    await expect(start).rejects.toThrow('a cannot be started: spawn /nowhere/program ENOENT')
  })

  test('stops in the reverse order of starting, each by its own signal', async () => {
    const { supervisor, spec, log } = await supervise()
    const obey = (name: string, signal: string) =>
      `process.on('${signal}', () => setTimeout(() => { console.log('${name}'); process.exit() }, 30)); ${serve}`
    await supervisor.start({ ...spec('first', obey('first', 'SIGINT')), stopSignal: 'SIGINT' })
    await supervisor.start(spec('second', obey('second', 'SIGTERM')))
    await supervisor.start(spec('third', obey('third', 'SIGTERM')))
    await supervisor.stop()
    expect(await readFile(log, 'utf8')).toBe('third\nsecond\nfirst\n')
  })

  test('kills what ignores its signal, and what that has started itself', async () => {
    const { supervisor, spec, pid, log } = await supervise({ graceMs: 100 })
    const stubborn = `
      process.on('SIGTERM', () => {}); process.on('disconnect', () => {})
      console.log(require('node:child_process').spawn('sleep', ['600']).pid); ${serve}`
    await supervisor.start(spec('a', stubborn))
    const pids = [pid('a'), Number(await readFile(log, 'utf8'))]
    expect(pids.map(isAlive)).toEqual([true, true])
    await supervisor.stop()
    await untilGone(pids)
    expect(pids.map(isAlive)).toEqual([false, false])
  })

  test('stops a process that is still getting ready', async () => {
    const { supervisor, spec } = await supervise()
    const start = supervisor.start(spec('a', 'setInterval(() => {}, 1000)'))
    const pids = await vi.waitFor(() => {
      const pid = supervisor.pid('a')
      if (pid === undefined) throw new Error('not yet')
      return [pid]
    })
    await Promise.all([expect(start).rejects.toThrow('the supervisor stops'), supervisor.stop()])
    await untilGone(pids)
  })

  test('stops while a held process is down', async () => {
    const { supervisor, spec, pid, next } = await supervise()
    await supervisor.start(spec('a', serve))
    supervisor.hold('a')
    const ended = next('ended', 'a')
    process.kill(pid('a'), 'SIGKILL')
    await ended
    await supervisor.stop()
    expect(supervisor.pid('a')).toBeUndefined()
  })

  test('leaves no reaper behind', async () => {
    const { supervisor } = await supervise()
    const pid = supervisor.reaperPid ?? 0
    expect(identifyProcess(pid)).toBeDefined()
    await supervisor.stop()
    expect(identifyProcess(pid)).toBeUndefined()
  })

  test('replaces a reaper that dies', async () => {
    const { supervisor, spec } = await supervise()
    await supervisor.start(spec('a', serve))
    const pid = supervisor.reaperPid
    killProcess(pid)
    await vi.waitFor(() => expect(supervisor.reaperPid).not.toBe(pid))
    await supervisor.start(spec('b', serve))
  })

  test('leaves nothing when it is killed itself', async () => {
    const program = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'supervisor-program.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(createInterface({ input: program.stdout }), 'line')
    const pids = String(line).split(' ').map(Number)
    expect(pids.map((pid) => identifyProcess(pid)?.pid)).toEqual(pids)
    program.kill('SIGKILL')
    await untilGone(pids)
  })

  test('is not told to stop by its children losing their terminal: they have groups of their own', async () => {
    const { supervisor, spec, pid } = await supervise()
    await supervisor.start(spec('a', serve))
    const stat = await readFile(`/proc/${pid('a')}/stat`, 'utf8')
    const group = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]
    expect(group).toBe(String(pid('a')))
  })
})
