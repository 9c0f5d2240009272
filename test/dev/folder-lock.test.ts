import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { lockFolder } from '../../src/dev/folder-lock.ts'
import { identifyProcess } from '../../src/dev/process-identity.ts'
import { temporaryFolder } from '../support/programs.ts'

const nobody = { pid: 2 ** 22 + 1, start: '1' }

async function start(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args)
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'spawn')
  if (child.pid === undefined) throw new Error('no process')
  return child.pid
}

/** Leaves a claim behind, as an owner does that was killed. */
async function leave(folder: string, content: string): Promise<void> {
  await mkdir(join(folder, 'lock'))
  await writeFile(join(folder, 'lock', '7'), content)
}

describe('the lock of a data folder', () => {
  test('refuses a second owner with one clear line and the remedy', async () => {
    const folder = await temporaryFolder()
    await using _lock = await lockFolder(folder)
    await expect(lockFolder(folder)).rejects.toMatchObject({
      message: `longhand dev already runs on ${folder} (process ${process.pid})`,
      remedy: 'Use it, stop it, or give this one another folder with --data.',
      exitCode: 5,
    })
  })

  test('is free again after its disposal', async () => {
    const folder = await temporaryFolder()
    await (await lockFolder(folder))[Symbol.asyncDispose]()
    await using _again = await lockFolder(folder)
    expect(await readdir(join(folder, 'lock'))).toEqual(['2'])
  })

  test.each([
    ['a dead owner', JSON.stringify({ owner: nobody })],
    ['an owner whose id another process has now', JSON.stringify({ owner: { pid: process.pid, start: '1' } })],
    ['nobody readable', '{"owner"'],
  ])('is taken over from %s', async (_whom, content) => {
    const folder = await temporaryFolder()
    await leave(folder, content)
    await using _lock = await lockFolder(folder)
    await expect(lockFolder(folder)).rejects.toThrow('already runs')
  })

  test('waits for what the dead owner left behind to be ended', async () => {
    const folder = await temporaryFolder()
    const done = join(folder, 'done')
    const reaper = await start('sh', ['-c', 'sleep 0.3; echo > "$0"', done])
    await leave(folder, JSON.stringify({ owner: nobody, reaper: identifyProcess(reaper) }))
    await using _lock = await lockFolder(folder)
    expect(existsSync(done)).toBe(true)
  })

  test('has exactly one owner when many take over at once', async () => {
    for (let round = 0; round < 20; round += 1) {
      const folder = await temporaryFolder()
      await leave(folder, JSON.stringify({ owner: nobody }))
      const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)))
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    }
  })

  test('has one owner at a time when many take turns', async () => {
    const folder = await temporaryFolder()
    let owners = 0
    const turns = Array.from({ length: 10 }, async () => {
      for (let turn = 0; turn < 5;) {
        const lock = await lockFolder(folder).catch(() => undefined)
        if (lock === undefined) continue
        owners += 1
        await readdir(folder)
        expect(owners).toBe(1)
        owners -= 1
        turn += 1
        await lock[Symbol.asyncDispose]()
      }
    })
    await Promise.all(turns)
  })

  test('goes on naming its owner beside the reaper', async () => {
    const folder = await temporaryFolder()
    await using lock = await lockFolder(folder)
    await lock.setReaper(await start('sleep', ['60']))
    await expect(lockFolder(folder)).rejects.toThrow(`process ${process.pid}`)
  })
})
