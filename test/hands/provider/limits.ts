import { expect, test } from 'vitest'
import { show } from '../local-sandboxes.ts'
import type { SandboxProviderSetup } from './support.ts'
import { run, textOf } from './support.ts'

export function limiting(setup: SandboxProviderSetup): void {
  test('of processes, files and their sizes is in force', async () => {
    const { sandbox } = await setup.open()
    expect(await textOf(sandbox, 'ulimit -n; ulimit -c')).toBe('4096\n0\n')
    const tooLarge = 'trap "" XFSZ; truncate -s 20G large; truncate -s 1M small; stat -c %s large small'
    expect(show((await run(sandbox, tooLarge)).output)).toMatch(/File too large\n.*0\n1048576\n$/s)
  })

  test('of /tmp is the command’s own error, and the sandbox goes on', async () => {
    const { sandbox } = await setup.open()
    const result = await run(sandbox, 'fallocate -l 1500M /tmp/x')
    expect(result).toMatchObject({ reason: 'exit', code: 1 })
    expect(show(result.output)).toContain('No space left on device')
    expect(await textOf(sandbox, 'echo alive > /workspace/x; cat /workspace/x')).toBe('alive\n')
  })

  test('is told by the doctor, with what is not limited', async () => {
    const found = (await setup.provider.doctor()).find(({ name }) => name === 'sandbox limits')
    expect(found?.detail).toContain('; not limited: ')
    console.log(`${setup.provider.kind} limits ${found?.detail}`)
  })
}
