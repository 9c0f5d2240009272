import { expect, test } from 'vitest'
import { SandboxLost } from '../../../src/hands/sandbox.ts'
import { outputOf, show } from '../local-sandboxes.ts'
import type { SandboxProviderSetup } from './support.ts'
import { limits, run, slow, slowOutput, textOf, until } from './support.ts'

export function ending(setup: SandboxProviderSetup): void {
  const stubborn = `trap '' TERM; echo started; (trap '' TERM; sleep 301) & setsid sh -c "trap '' TERM; sleep 302" & sleep 303`

  test('by time-out takes everything with it, also what ignores TERM and what left the session', async () => {
    const { sandbox } = await setup.open()
    const result = await run(sandbox, stubborn, { timeoutMs: 300 })
    expect(result.reason).toBe('timeout')
    expect(show(result.output)).toMatch(/^started\n/)
    expect(await textOf(sandbox, `ps -e -o args | grep 'sleep 30[123]$' | grep -v grep`)).toBe('')
  })

  test('by cancel does the same, for every caller', async () => {
    const { sandbox } = await setup.open()
    const request = { id: 'given_up', command: `${stubborn} & touch progress; wait`, ...limits }
    const callers = [sandbox.run(request), sandbox.run(request)]
    await until(sandbox, '[ -e progress ]')
    await sandbox.cancel('given_up')
    for (const result of await Promise.all(callers)) expect(result.reason).toBe('cancelled')
    expect(await textOf(sandbox, `ps -e -o args | grep 'sleep 30[123]$' | grep -v grep`)).toBe('')
  })

  test('by its signal cancels a run, before and after it began', async () => {
    const { sandbox } = await setup.open()
    const controller = new AbortController()
    const started = run(sandbox, 'touch progress; sleep 300', { signal: controller.signal })
    await until(sandbox, '[ -e progress ]')
    controller.abort()
    expect((await started).reason).toBe('cancelled')
    expect((await run(sandbox, 'touch never', { signal: controller.signal })).reason).toBe('cancelled')
    expect(await textOf(sandbox, 'ls')).toBe('progress\n')
  })

  test('by cancel before the run keeps it from ever running, and changes no result that is there', async () => {
    const { sandbox } = await setup.open()
    await sandbox.cancel('early')
    expect((await sandbox.run({ id: 'early', command: 'touch never', ...limits })).reason).toBe('cancelled')
    await sandbox.run({ id: 'finished', command: 'echo done', ...limits })
    await sandbox.cancel('finished')
    expect(await sandbox.run({ id: 'finished', command: '', ...limits })).toMatchObject({ reason: 'exit', code: 0 })
    expect(await textOf(sandbox, 'ls')).toBe('')
  })

  test('by cancel reaches a run that waits in its queue', async () => {
    const { sandbox } = await setup.open()
    const holder = sandbox.run({ id: 'holder', command: 'touch progress; sleep 300', queue: 'q', ...limits })
    await until(sandbox, '[ -e progress ]')
    const waiting = sandbox.run({ id: 'waiting', command: 'touch never', queue: 'q', ...limits })
    await until(sandbox, '[ -e /run/longhand/calls/waiting/worker ]')
    await sandbox.cancel('waiting')
    expect((await waiting).reason).toBe('cancelled')
    await sandbox.cancel('holder')
    expect((await holder).reason).toBe('cancelled')
    expect(await textOf(sandbox, 'ls')).toBe('progress\n')
  })

  test('by kill -9 -1 from inside is told as lost, and the sandbox goes on', async () => {
    const { sandbox } = await setup.open()
    const result = await sandbox.run({ id: 'suicide', command: 'echo once >> ledger; kill -9 -1; sleep 5', ...limits })
    expect(result).toMatchObject({ reason: 'lost', first: false })
    expect((await sandbox.run({ id: 'suicide', command: slow, ...limits })).reason).toBe('lost')
    expect(await textOf(sandbox, 'cat ledger')).toBe('once\n')
  })

  test('waits for what kill -STOP -1 has stopped from inside, which goes on', async () => {
    const { sandbox } = await setup.open()
    const stop = run(sandbox, 'kill -STOP -1; echo after', { queue: 'q' })
    const next = run(sandbox, 'echo next', { queue: 'q' })
    for (const result of await Promise.all([stop, next])) expect(result).toMatchObject({ reason: 'exit', code: 0 })
    expect(show((await stop).output)).toBe('after\n')
    expect(await sandbox.busy()).toBe(false)
  })

  test('by the death of the sandbox rejects, for running and for finished runs alike', async () => {
    const { row, sandbox } = await setup.open()
    await sandbox.run({ id: 'finished', command: 'true', ...limits })
    const running = sandbox.run({ id: 'running', command: 'touch progress; sleep 300', ...limits })
    const outcome = running.catch((error: unknown) => error)
    await until(sandbox, '[ -e progress ]')
    await setup.kill(row)
    expect(await outcome).toBeInstanceOf(SandboxLost)
    await expect(sandbox.run({ id: 'finished', command: 'true', ...limits })).rejects.toThrow(SandboxLost)
  })

  test('of who held a queue frees it', async () => {
    const { sandbox } = await setup.open()
    await run(sandbox, 'touch progress; kill -9 -1; sleep 5', { queue: 'q' })
    const next = [1, 2, 3].map(() => run(sandbox, 'mkdir held && sleep 0.1 && rmdir held', { queue: 'q' }))
    expect((await Promise.all(next)).map(({ code }) => code)).toEqual([0, 0, 0])
  })

  test('of the runner by its own agent is a lost sandbox', async () => {
    const { sandbox } = await setup.open()
    await run(sandbox, 'rm -f /run/longhand/boot')
    await expect(run(sandbox, 'true')).rejects.toThrow(SandboxLost)
  })
}

export function dying(setup: SandboxProviderSetup): void {
  const moments = [0, 1, 3, 5, 6]
  test.each(moments)(
    `is joined by two retries when it was killed after line %i of 6 (n = ${moments.length})`,
    async (lines) => {
      const { row, sandbox } = await setup.open()
      const client = setup.startClient({ do: 'run', row, request: { id: 'shipped', command: slow } })
      await until(sandbox, '[ -s ledger ]')
      await until(sandbox, `[ "$(cat progress | wc -l)" -ge ${lines} ]`)
      const closed = outputOf(client)
      client.kill('SIGKILL')
      expect(await closed).toBe('')
      const request = { id: 'shipped', command: slow, ...limits }
      for (const result of await Promise.all([sandbox.run(request), sandbox.run(request)])) {
        expect(result).toMatchObject({ reason: 'exit', code: 7, first: false })
        expect(show(result.output)).toBe(slowOutput)
      }
      expect(await textOf(sandbox, 'cat ledger')).toBe('ran\n')
    },
  )
}
