import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Engine } from '../../../src/hands/docker/engine.ts'
import { examineShims } from '../../../src/hands/docker/shims.ts'
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
