import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { access, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Engine } from '../../../src/hands/docker/engine.ts'
import { endShim, examineShims } from '../../../src/hands/docker/shims.ts'
import { temporaryFolder } from '../../support/programs.ts'
import { createFakeEngine } from './fake-engine.ts'

const LOST = 'f'.repeat(64)
const HERE = '/run/containerd/containerd.sock'

function shim(container: string, { namespace = 'moby', address = HERE } = {}): string {
  const flags = ['-namespace', namespace, '-id', container, '-address', address, '']
  return ['/usr/bin/containerd-shim-runc-v2', ...flags].join('\0')
}

/** A host on which these processes run, by their ids, beside a daemon with one container. */
async function scene(processes: (held: string) => Readonly<Record<string, string>>) {
  const folder = await temporaryFolder()
  const engine = createFakeEngine()
  const held = (await engine.create('held', {})) ?? ''
  for (const [pid, command] of Object.entries(processes(held))) {
    await mkdir(join(folder, pid))
    await writeFile(join(folder, pid, 'cmdline'), command)
  }
  const examine = (daemon: Pick<Engine, 'find'> = engine) => examineShims(daemon, { folder, graceMs: 0 })
  return { folder, engine, examine }
}

describe('a look for shims', () => {
  test('fails for those of containers that their daemon knows nothing of, and says what to do', async () => {
    const { examine } = await scene((held) => ({ 11: shim(held), 12: shim(LOST), 13: shim(LOST) }))
    expect(await examine()).toEqual({
      name: 'container shims',
      ok: false,
      detail: '2 without a container that the daemon knows: processes 12, 13',
      remedy: 'The daemon has lost them: restart it, or end them and what runs below them.',
    })
  })

  test('only warns where nothing says whose they are', async () => {
    const { examine } = await scene(() => ({ 12: shim(LOST) }))
    expect(await examine()).toEqual({
      name: 'container shims',
      ok: true,
      detail: '1 without a container that the daemon knows: process 12',
      remedy: expect.stringContaining("lost them, unless they are another daemon's: restart it"),
    })
  })

  test.each<[string, Readonly<Record<string, string>>]>([
    ['another daemon', { 12: shim(LOST, { address: '/run/other.sock' }) }],
    ['something else on the same containerd', { 12: shim(LOST, { namespace: 'k8s.io' }) }],
    ['no container', { 12: shim('x'), 13: ['sh', '-namespace', 'moby', '-id', LOST].join('\0'), net: '' }],
  ])('leaves alone what belongs to %s', async (_, others) => {
    const { examine, folder } = await scene((held) => ({ 11: shim(held), ...others }))
    await mkdir(join(folder, '14'))
    expect(await examine()).toEqual({ name: 'container shims', ok: true, detail: 'none without a container' })
  })

  test('waits for one whose container has just ended', async () => {
    const { examine, folder, engine } = await scene((held) => ({ 11: shim(held), 12: shim(LOST) }))
    const ending: Pick<Engine, 'find'> = {
      async find(id) {
        if (id === LOST) await rm(join(folder, '12'), { recursive: true, force: true })
        return engine.find(id)
      },
    }
    expect(await examine(ending)).toMatchObject({ ok: true, detail: 'none without a container' })
  })
})

describe('the shim of a container that its daemon has lost', () => {
  test('is ended behind what it holds, and no other', async () => {
    const { folder } = await scene((held) => ({ 11: shim(held), 12: shim(LOST), 13: '', 14: '', 15: '' }))
    const parents = { 11: 1, 12: 1, 13: 12, 14: 11, 15: 121 }
    for (const [pid, parent] of Object.entries(parents))
      await writeFile(join(folder, pid, 'status'), `Name:\tsh\nPPid:\t${parent}\n`)
    const ended: string[] = []
    await endShim(LOST, folder, (pid) => ended.push(pid))
    expect(ended).toEqual(['13', '12'])
    await endShim('e'.repeat(64), folder, (pid) => ended.push(pid))
    expect(ended).toHaveLength(2)
  })

  test('is ended for good, with what runs below it', async () => {
    const id = randomBytes(32).toString('hex')
    const flags = ['-namespace', 'moby', '-id', id, '-address', HERE]
    const child = spawn('sh', ['-c', 'sleep 300 & echo $!; wait', ...flags], {
      argv0: 'containerd-shim-runc-v2',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const ended = once(child, 'exit')
    await endShim(id)
    expect((await ended)[1]).toBe('SIGKILL')
    await expect.poll(() => access(`/proc/${String(line).trim()}`).catch(() => 'gone')).toBe('gone')
    await endShim(id)
  })
})
