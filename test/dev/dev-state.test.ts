import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { deleteDevState, readDevState, writeDevState } from '../../src/dev/dev-state.ts'
import { temporaryFolder } from '../support/programs.ts'

function stateIn(data: string): Parameters<typeof writeDevState>[0] {
  return {
    base_url: 'http://127.0.0.1:1',
    api_key: 'lh_x',
    temporal_address: '127.0.0.1:2',
    temporal_ui: null,
    data,
    pids: { api: 1, worker: 2, temporal: null, postgres: null },
  }
}

describe('the state of a running dev', () => {
  test('is found by others until it is deleted, and read by nobody else', async () => {
    const data = await temporaryFolder()
    expect(await readDevState(data)).toBeUndefined()
    await writeDevState(stateIn(data))
    expect(await readDevState(data)).toEqual(stateIn(data))
    expect((await stat(join(data, 'dev.json'))).mode & 0o777).toBe(0o600)
    await deleteDevState(data)
    expect(await readDevState(data)).toBeUndefined()
  })

  test('of a dev that was killed counts as none', async () => {
    const data = await temporaryFolder()
    const killed = { owner: { pid: process.pid, start: 'earlier' }, state: stateIn(data) }
    await writeFile(join(data, 'dev.json'), JSON.stringify(killed))
    expect(await readDevState(data)).toBeUndefined()
  })
})
