import { expect, test } from 'vitest'
import { readScripts } from '../../../src/hands/exchange.ts'
import { SandboxLost } from '../../../src/hands/sandbox.ts'
import { show } from '../local-sandboxes.ts'
import type { SandboxProviderSetup } from './support.ts'
import { run, textOf, tooLongForResident } from './support.ts'

/** What an agent does to what serves its calls, in its own sandbox. */
export function meddling(setup: SandboxProviderSetup): void {
  test.each([
    ['what kill -STOP -1 has stopped, in a process of its own', `${tooLongForResident}\nkill -STOP -1; echo after`],
    ['what hands on the output', 'pkill -STOP -x cat || exit 9; echo after'],
  ])('by stopping has %s go on, and loses nothing', async (_, command) => {
    const { sandbox } = await setup.open()
    const { reason, code, output } = await run(sandbox, command)
    expect([reason, code, show(output)]).toEqual(['exit', 0, 'after\n'])
  })

  test.each(['worker', 'done', 'pid'])('by a pipe for the %s of a call keeps nobody waiting', async (name) => {
    const { sandbox } = await setup.open()
    await run(sandbox, `cd /run/longhand/calls; mkdir x; mkfifo x/${name}`)
    expect(await sandbox.busy()).toBe(name === 'pid')
    expect(await sandbox.running()).toEqual(name === 'pid' ? ['x'] : [])
    await sandbox.cancel('x')
    expect(await textOf(sandbox, 'echo next')).toBe('next\n')
  })

  test('by a pipe in the place of its sign is a lost sandbox', async () => {
    const { sandbox } = await setup.open()
    await run(sandbox, 'rm /run/longhand/boot; mkfifo /run/longhand/boot')
    await expect(run(sandbox, 'true')).rejects.toThrow(SandboxLost)
    await expect(sandbox.cancel('x')).rejects.toThrow(SandboxLost)
  })

  test('by a pipe for a lock keeps nobody waiting', async () => {
    const { sandbox } = await setup.open()
    await run(sandbox, 'mkfifo /run/longhand/q.lock /run/longhand/files.lock')
    expect(show((await run(sandbox, 'echo ran', { queue: 'q' })).output)).toBe('ran\n')
    const data = Buffer.from('x')
    expect(await sandbox.write({ id: 'w', path: '/workspace/f', data, note: '' })).toMatchObject({ type: 'written' })
  })

  test('by a pipe for a worker does not hold up who makes room', async () => {
    const { sandbox } = await setup.open()
    const scripts = readScripts('../../src/hands/processes.sh', '../../src/hands/room.sh')
    const meddle = 'mkdir $R/calls/x; mkfifo $R/calls/x/worker; touch $R/calls/x/done $R/calls/x/head'
    expect(await textOf(sandbox, `${scripts}${meddle}; drop_outputs; ls $R/calls/x`)).toBe('done\nworker\n')
  })
}
