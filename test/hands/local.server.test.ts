import { describe, expect, test } from 'vitest'
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

  test('ends by itself when its files were removed', async () => {
    const { row, sandbox } = await sandboxes.open()
    // Process 1 looks when its sleep ends, which this hurries up.
    await run(sandbox, 'rm /run/longhand/boot; kill -9 -1').catch(() => {})
    await expect.poll(() => sandboxes.provider.attach(row)).toBeNull()
  })
})
