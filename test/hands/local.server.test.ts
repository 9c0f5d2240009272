import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createNamespaceExec } from '../../src/hands/bubblewrap.ts'
import { HandsUnavailable } from '../../src/hands/hands.ts'
import { SandboxLost } from '../../src/hands/sandbox.ts'
import { sandboxProviderSuite } from '../suites/sandbox-provider.ts'
import { useLocalSandboxes } from './local-sandboxes.ts'
import { run, textOf } from './provider/support.ts'

const sandboxes = useLocalSandboxes()

sandboxProviderSuite(sandboxes)

describe('a local sandbox', () => {
  test('shows nothing of the host but its programs', async () => {
    const { sandbox } = await sandboxes.open()
    const seen = await textOf(sandbox, 'ls /')
    const wanted = ['bin', 'dev', 'etc', 'home', 'lib', 'mnt', 'proc', 'run', 'sbin', 'tmp', 'usr', 'workspace', '']
    expect(seen.replaceAll(/^lib(32|64|x32)\n/gm, '').split('\n')).toEqual(wanted)
  })

  test('is destroyed with everything in it stopped', async () => {
    const { row, sandbox } = await sandboxes.open()
    const running = run(sandbox, 'kill -STOP -1; touch stopped; sleep 300').catch((error: unknown) => error)
    await expect.poll(() => existsSync(sandboxes.pathOf(row, 'stopped'))).toBe(true)
    await sandboxes.provider.destroy(row)
    expect(await running).toBeInstanceOf(SandboxLost)
    expect(await sandboxes.provider.attach(row)).toBeNull()
  })

  test('has a process let go of that is given up, whatever runs in it', async () => {
    const { row, sandbox } = await sandboxes.open()
    const over = new AbortController()
    const exec = createNamespaceExec(await sandboxes.inside(row))
    const running = exec(['sh', '-c', 'cd /workspace; touch begun; kill -STOP $$; touch after'], {
      signal: over.signal,
    })
    await expect.poll(() => existsSync(sandboxes.pathOf(row, 'begun'))).toBe(true)
    over.abort()
    await expect(running).rejects.toThrow(HandsUnavailable)
    expect(await textOf(sandbox, 'ls')).toBe('begun\n')
  })

  test('ends by itself when its files were removed', async () => {
    const { row, sandbox } = await sandboxes.open()
    // Process 1 looks when its sleep ends, which this hurries up.
    await run(sandbox, 'rm /run/longhand/boot; kill -9 -1').catch(() => {})
    await expect.poll(() => sandboxes.provider.attach(row)).toBeNull()
  })
})
