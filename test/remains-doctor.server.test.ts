import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { createLocalProvider } from '../src/hands/local.ts'
import { examineRemains, findLostShims } from '../src/remains-doctor.ts'
import { sandboxFolder } from '../src/sandboxes.ts'
import { createFakeEngine } from './hands/docker/fake-engine.ts'
import { temporaryFolder } from './support/programs.ts'

describe('the doctor of remains', () => {
  test('counts sandboxes, and those that nobody can enter', async () => {
    const data = join(await temporaryFolder(), 'data')
    const config = { ...readConfig({ data }, { HOME: '/' }), sandbox: 'local' } as const
    const detailOf = async () => (await examineRemains(config)).map(({ detail }) => detail)
    expect(await detailOf()).toEqual(['0, 0 of them dead or unfinished, 0 doors'])
    const provider = createLocalProvider({ folder: sandboxFolder(data) })
    const row = await provider.provision({ sessionId: 'sesn_1', generation: 1 })
    await mkdir(join(sandboxFolder(data), 'generations', 'sesn_2.1.0123456789abcdef'))
    try {
      expect(await detailOf()).toEqual(['2, 1 of them dead or unfinished, 0 doors'])
    } finally {
      await provider.destroy(row)
    }
  })

  test('finds shims of containers that the daemon knows nothing of', async () => {
    const processes = await temporaryFolder()
    const engine = createFakeEngine()
    const known = (await engine.create('known', {})) ?? ''
    const command = (id: string) => ['/usr/bin/containerd-shim-runc-v2', '-namespace', 'moby', '-id', id, ''].join('\0')
    const all = { 11: command(known), 12: command('f'.repeat(64)), 13: 'sh\0-id\0x\0', net: '' }
    for (const [pid, cmdline] of Object.entries(all)) {
      await mkdir(join(processes, pid))
      await writeFile(join(processes, pid, 'cmdline'), cmdline)
    }
    await mkdir(join(processes, '14'))
    expect(await findLostShims(engine, processes)).toEqual(['12'])
  })
})
