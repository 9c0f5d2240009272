import { describe, expect, test, vi } from 'vitest'
import { clearWay, hasRoom, watchClearing } from '../../src/hands/crowd.ts'
import type { Exec } from '../../src/hands/exec.ts'
import { HandsUnavailable } from '../../src/hands/hands.ts'
import { FakeSandbox } from './fake-provider.ts'

const request = { command: 'true', timeoutMs: 1_000, capBytes: 2_048 }

/** One in which everything was ended before the run with this id. */
class ClearedSandbox extends FakeSandbox {
  override async run(asked: Parameters<FakeSandbox['run']>[0]) {
    return { ...(await super.run(asked)), isCleared: asked.id === 'cleared' }
  }
}

describe('a sandbox that is watched', () => {
  test('has nothing to tell of runs that found room', async () => {
    const { sandbox, notes } = watchClearing(new ClearedSandbox())
    await sandbox.run({ ...request, id: 'one' })
    expect(notes()).toEqual([])
  })

  test('tells of a clearing, once for however many runs came behind it', async () => {
    const { sandbox, notes } = watchClearing(new ClearedSandbox())
    expect(await sandbox.run({ ...request, id: 'cleared' })).toMatchObject({ reason: 'exit', isCleared: true })
    await sandbox.run({ ...request, id: 'next' })
    expect(notes()).toEqual([expect.stringContaining('no room for another one')])
  })
})

describe('a sandbox that is watched, in all else', () => {
  test('is the one that is watched', async () => {
    const fake = new FakeSandbox()
    const { sandbox } = watchClearing(fake)
    await sandbox.cancel('given_up')
    await sandbox.keep('long')
    expect([fake.cancelled, fake.kept]).toEqual([['given_up'], ['long']])
  })
})

describe('a sandbox that begins nothing', () => {
  const able = { stdout: Buffer.from('able\n'), stderr: '' }
  const none = { stdout: Buffer.from(''), stderr: '' }

  test.each<[string, (exec: Exec) => Promise<boolean>]>([
    ['what looks for room', hasRoom],
    ['what makes room', (exec) => clearWay({ exec, check: async () => none, least: 0 })],
  ])('is not waited for by %s', async (_, ask) => {
    vi.useFakeTimers()
    try {
      const signals: (AbortSignal | undefined)[] = []
      const asking = ask((_argv, { signal }) => {
        signals.push(signal)
        return new Promise(() => {})
      }).catch((error: unknown) => error)
      await vi.waitFor(() => expect(signals).toHaveLength(1))
      await vi.advanceTimersByTimeAsync(30_000)
      expect(await asking).toBeInstanceOf(HandsUnavailable)
      expect(signals.map((signal) => signal?.aborted)).toEqual([true])
      expect(await hasRoom(async () => able)).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })
})
