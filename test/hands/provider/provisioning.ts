import { expect, test } from 'vitest'
import { SandboxLost } from '../../../src/hands/sandbox.ts'
import { outputOf } from '../local-sandboxes.ts'
import type { SandboxProviderSetup } from './support.ts'
import { run, textOf } from './support.ts'

export function provisioning(setup: SandboxProviderSetup): void {
  test('answers the living sandbox of a key that has one', async () => {
    const { row } = await setup.open()
    expect(await setup.provider.provision(row)).toEqual(row)
  })

  test('makes one sandbox for a key that several processes ask for at once', async () => {
    const n = 4
    const task = { do: 'provision', sessionId: `sesn_race${process.pid}`, generation: 3 } as const
    const answers = await Promise.all(Array.from({ length: n }, () => outputOf(setup.startClient(task))))
    expect(new Set(answers).size).toBe(1)
    const rows = (await setup.provider.list()).filter(({ sessionId }) => sessionId === task.sessionId)
    expect(rows.map(({ reference }) => reference)).toEqual([JSON.parse(answers[0] ?? '').reference])
    console.log(`sandboxes made by ${n} processes at once for one key: ${rows.length}`)
  })

  test('outlives the process that asked for it', async () => {
    const task = { do: 'provision', sessionId: `sesn_outlive${process.pid}`, generation: 1 } as const
    const row = JSON.parse(await outputOf(setup.startClient(task)))
    const sandbox = await setup.provider.attach(row)
    expect(sandbox && (await textOf(sandbox, 'echo still here'))).toBe('still here\n')
  })

  test.each([
    [
      'a sandbox that never was',
      (row: object) => ({ ...row, reference: 'sesn_none.1.0123456789abcdef', bootId: '0123456789abcdef' }),
    ],
    ['another boot id', (row: object) => ({ ...row, bootId: 'ffffffffffffffff' })],
    ['a reference of another shape', (row: object) => ({ ...row, reference: '../../etc' })],
  ])('attaches to nothing for %s', async (_, change) => {
    const { row } = await setup.open()
    const before = await setup.provider.list()
    expect(await setup.provider.attach({ ...row, ...change(row) })).toBeNull()
    expect(await setup.provider.list()).toEqual(before)
  })

  test('lists a sandbox as it is, with the moment since when', async () => {
    const { row } = await setup.open()
    const [listed] = (await setup.provider.list()).filter(({ reference }) => reference === row.reference)
    const { sessionId, generation, provider, bootId } = row
    expect(listed).toMatchObject({ sessionId, generation, provider, bootId })
    const age = Date.now() - (listed?.since.getTime() ?? 0)
    expect(age).toBeGreaterThan(-2_000)
    expect(age).toBeLessThan(60_000)
  })

  test('makes one for each hand of a session', async () => {
    const key = { sessionId: `sesn_hands${process.pid}`, generation: 1 }
    const [main, second] = [
      await setup.provider.provision(key),
      await setup.provider.provision({ ...key, hand: 'second' }),
    ]
    const listed = await setup.provider.list(key.sessionId)
    expect(listed.map(({ hand = 'main' }) => hand).toSorted()).toEqual(['main', 'second'])
    for (const row of [main, second]) expect(await setup.provider.attach(row)).not.toBeNull()
    await setup.provider.destroy(second)
    expect(await setup.provider.attach(main)).not.toBeNull()
  })

  test('attaches to nothing once the sandbox was killed, and makes another with a new boot id', async () => {
    const { row, sandbox } = await setup.open()
    await run(sandbox, 'echo kept > file')
    await setup.kill(row)
    await expect.poll(() => setup.provider.attach(row)).toBeNull()
    const again = await setup.provider.provision(row)
    expect(again.bootId).not.toBe(row.bootId)
    const fresh = await setup.provider.attach(again)
    expect(fresh && (await textOf(fresh, 'ls'))).toBe('')
  })

  test('destroys everything, and a second time nothing', async () => {
    const { row, sandbox } = await setup.open()
    await run(sandbox, 'mkdir -p a/b; echo x > a/b/c; chmod 000 a; (setsid sleep 300 &)')
    await setup.provider.destroy(row)
    await setup.provider.destroy(row)
    expect(await setup.provider.attach(row)).toBeNull()
    expect((await setup.provider.list()).map(({ reference }) => reference)).not.toContain(row.reference)
    await expect(run(sandbox, 'true')).rejects.toThrow(SandboxLost)
  })

  test('finds nothing wrong in the doctor', async () => {
    expect((await setup.provider.doctor()).filter(({ ok }) => !ok)).toEqual([])
  })
}
