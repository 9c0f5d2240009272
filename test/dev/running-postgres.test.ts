import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writeDevState } from '../../src/dev/dev-state.ts'
import { findRunningPostgres } from '../../src/dev/running-postgres.ts'
import { temporaryFolder } from '../support/programs.ts'

interface Left {
  /** Process id of Postgres in the state; without one no state is left. */
  readonly postgres?: number | null
  readonly ports?: object
}

/** A data folder as a `dev` that is this very process would leave it. */
async function folderOf({ postgres, ports = { postgres: 5433 } }: Left): Promise<string> {
  const data = await temporaryFolder()
  await writeFile(join(data, 'postgres-password'), 'pass\n')
  await writeFile(join(data, 'ports.json'), JSON.stringify(ports))
  if (postgres === undefined) return data
  await writeDevState({
    base_url: 'http://127.0.0.1:1',
    api_key: 'k',
    temporal_address: '',
    temporal_ui: null,
    data,
    pids: { api: 1, worker: 1, temporal: 1, postgres },
  })
  return data
}

describe('the Postgres of a running dev', () => {
  test('is found by what dev left in its folder', async () => {
    const url = await findRunningPostgres(await folderOf({ postgres: 1 }))
    expect(url).toBe('postgres://longhand:pass@127.0.0.1:5433/longhand')
  })

  test.each<[string, Left]>([
    ['no dev runs', {}],
    ['dev runs on a PostgreSQL of yours', { postgres: null }],
    ['its port was lost', { postgres: 1, ports: {} }],
  ])('is not there when %s', async (_, left) => {
    expect(await findRunningPostgres(await folderOf(left))).toBeUndefined()
  })

  test('is not there in a folder that nobody used', async () => {
    expect(await findRunningPostgres(await temporaryFolder())).toBeUndefined()
  })
})
