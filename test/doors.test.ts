import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { connectDoors } from '../src/doors.ts'
import { silentLog } from './support/silent-log.ts'

test('a door is not opened while nobody knows what for: the store says itself why', async () => {
  const data = await mkdtemp(join(tmpdir(), 'longhand-doors-'))
  onTestFinished(() => rm(data, { recursive: true, force: true }))
  const away = new Error('Connection terminated unexpectedly')
  const doors = connectDoors(
    { data },
    { permitOf: () => Promise.reject(away), versionsOf: async () => new Map(), log: silentLog },
  )
  await expect(doors.open('sesn_1.1', 'sesn_1')).rejects.toBe(away)
  expect(await readdir(data)).toEqual([])
})
