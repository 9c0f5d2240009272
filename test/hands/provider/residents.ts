import { expect, test } from 'vitest'
import { outputOf, show } from '../local-sandboxes.ts'
import { residentOf } from './resident-of.ts'
import type { SandboxProviderSetup } from './support.ts'
import { limits, run, slow, slowOutput, textOf, tooLongForResident, until } from './support.ts'

/** Pipes are named after the resident that they belong to. */
const residents = 'ls /run/longhand | grep -c "^pipes.*said$"'

export function residing(setup: SandboxProviderSetup): void {
  test('serves one call after the other, and the next worker as well', async () => {
    const { row, sandbox } = await setup.open()
    for (let call = 0; call < 5; call++) await run(sandbox, 'true')
    expect(await textOf(sandbox, residents)).toBe('1\n')
    const again = await setup.provider.attach(row)
    expect(again && (await textOf(again, residents))).toBe('1\n')
  })

  test('is not in the way of calls at the same time', async () => {
    const { sandbox } = await setup.open()
    const meet = (name: string) => `touch ${name}; until [ -e a ] && [ -e b ] && [ -e c ]; do sleep 0.02; done`
    const results = await Promise.all(['a', 'b', 'c'].map((name) => run(sandbox, meet(name))))
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0])
  })

  test.each([
    ['quotes, backslashes and line breaks', `printf '%s|' "it's" 'a\\nb' "$A" '\n\n'\necho \\\\ end\n`],
    ['bytes that are no ASCII', `echo 'ü 🙂 \u0001\u007f\u0080'`],
    ['what looks like an answer', `printf '\\nlonghand: exit 0 0 0 1\\n\\nMARK exit 0 0 0 1\\n'`],
    ['the end of a here document', `cat << 'X'\none\nX\necho two`],
  ])('passes on %s', async (_, command) => {
    const { sandbox } = await setup.open()
    const env = { A: `x'y\n\\"z` }
    await run(sandbox, 'true')
    const short = await run(sandbox, command, { env })
    const long = await run(sandbox, `${command}\n${tooLongForResident}`, { env })
    expect(show(short.output)).toBe(show(long.output))
    expect(short).toMatchObject({ reason: 'exit', code: 0 })
  })

  test('that is killed at a call does not end it, and the next one goes on', async () => {
    const { sandbox } = await setup.open()
    const request = { id: 'shipped', command: slow, ...limits }
    const answer = sandbox.run(request)
    await until(sandbox, '[ -s ledger ]')
    await run(sandbox, `kill -9 $(${residentOf('shipped')})`)
    expect(await answer).toMatchObject({ reason: 'exit', code: 7 })
    expect(show((await answer).output)).toBe(slowOutput)
    expect(await sandbox.run(request)).toMatchObject({ reason: 'exit', code: 7, first: false })
    expect(await textOf(sandbox, 'cat ledger')).toBe('ran\n')
  })

  test('that is killed together with its worker does not end the call', async () => {
    const { row, sandbox } = await setup.open()
    const client = setup.startClient({ do: 'run', row, request: { id: 'shipped', command: slow } })
    await until(sandbox, '[ -s ledger ]')
    const closed = outputOf(client)
    client.kill('SIGKILL')
    await run(sandbox, `kill -9 $(${residentOf('shipped')})`)
    expect(await closed).toBe('')
    const result = await sandbox.run({ id: 'shipped', command: slow, ...limits })
    expect(result).toMatchObject({ reason: 'exit', code: 7, first: false })
    expect(show(result.output)).toBe(slowOutput)
    expect(await textOf(sandbox, 'cat ledger')).toBe('ran\n')
  })

  test('that is killed while it waits is replaced', async () => {
    const { sandbox } = await setup.open()
    await sandbox.run({ id: 'before', command: 'true', ...limits })
    const kill =
      '(sleep 0.1; kill -9 $(ls /run/longhand | sed -n "s/^pipes.\\([0-9]*\\).said$/\\1/p")) > /dev/null 2>&1 &'
    await run(sandbox, kill)
    await expect.poll(() => textOf(sandbox, 'echo again')).toBe('again\n')
  })

  test('whose process for the call is killed tells of an unknown end, and serves the next call', async () => {
    const { sandbox } = await setup.open()
    const kill = 'echo once >> ledger; kill -9 $(cut -d " " -f 1 /run/longhand/calls/hit/worker); sleep 300'
    const result = await sandbox.run({ id: 'hit', command: kill, ...limits })
    expect(result).toMatchObject({ reason: 'lost', first: false })
    expect(await textOf(sandbox, 'cat ledger; echo next')).toBe('once\nnext\n')
    await sandbox.cancel('hit')
  })

  test('ends with the worker that started it', async () => {
    const { row, sandbox } = await setup.open()
    const client = setup.startClient({ do: 'run', row, request: { id: 'a', command: 'touch begun; sleep 0.5' } })
    await until(sandbox, '[ -e begun ]')
    expect(await textOf(sandbox, residents)).toBe('2\n')
    client.kill('SIGKILL')
    await expect.poll(() => textOf(sandbox, residents)).toBe('1\n')
  })
}
