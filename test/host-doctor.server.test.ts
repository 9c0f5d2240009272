import { describe, expect, test } from 'vitest'
import { examineHosts } from '../src/host-doctor.ts'
import { createHostRegistry } from '../src/store/postgres/hosts.ts'
import { newDatabase, newMigrated } from './store/use-postgres.ts'
import { silentLog } from './support/silent-log.ts'
import { temporaryFolder } from './support/programs.ts'

/** The database of hosts that take calls. */
async function hostsAre(...hosts: readonly string[]): Promise<string> {
  const { url, database } = await newMigrated()
  const offers = hosts.map((host) => ({ host, provider: 'local', packages: false, runtimes: [] }))
  await createHostRegistry(database).beat(offers)
  return url
}

async function examine(databaseUrl: string | undefined, blobs?: string) {
  return examineHosts({ databaseUrl, data: await temporaryFolder(), blobs }, silentLog)
}

const name = 'hands hosts'

describe('the doctor of the hosts', () => {
  test('has nothing to say where nothing runs', async () => {
    expect(await examine(undefined)).toEqual([])
  })

  test('misses hosts where none takes calls', async () => {
    expect(await examine(await hostsAre())).toEqual([
      { name, ok: true, detail: 'none takes calls now', remedy: expect.stringContaining('Start a worker') },
    ])
  })

  test('is content with one host, and with several that share a bucket', async () => {
    expect(await examine(await hostsAre('one'))).toEqual([{ name, ok: true, detail: 'one' }])
    const bucket = 's3://bytes/longhand?region=eu-central-1'
    expect(await examine(await hostsAre('one', 'two'), bucket)).toEqual([{ name, ok: true, detail: 'one, two' }])
  })

  test.each([undefined, '/mnt/shared'])('warns of several hosts whose bytes are in a folder: %s', async (blobs) => {
    expect(await examine(await hostsAre('one', 'two'), blobs)).toEqual([
      {
        name,
        ok: true,
        detail: expect.stringMatching(/^one, two; /),
        remedy: expect.stringContaining('LONGHAND_BLOBS'),
      },
    ])
  })

  test('says what to do about a database that does not know of hosts, or is not there', async () => {
    const remedy = expect.stringContaining('longhand migrate')
    expect(await examine(await newDatabase())).toMatchObject([{ name, ok: false, remedy }])
    expect(await examine('postgres://127.0.0.1:1/none')).toMatchObject([{ name, ok: false, remedy }])
  })
})
