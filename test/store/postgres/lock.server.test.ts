import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { withLock } from '../../../src/store/postgres/lock.ts'
import { useDatabase } from '../use-postgres.ts'

const open = useDatabase()

const nothing = async () => undefined

describe('lock', () => {
  test('runs the work and frees the name', async () => {
    const database = await open()
    const ran: string[] = []
    for (const name of ['once', 'again']) {
      const work = async () => {
        ran.push(name)
      }
      expect(await withLock(database, 'sweep', work)).toBe(true)
    }
    expect(ran).toEqual(['once', 'again'])
  })

  test('runs nothing while another process works under the name, and another name meanwhile', async () => {
    const [one, two] = [await open(), await open()]
    await withLock(one, 'sweep', async () => {
      const refused = await withLock(two, 'sweep', async () => {
        throw new Error('ran in spite of the lock')
      })
      expect(refused).toBe(false)
      expect(await withLock(one, 'sweep', nothing)).toBe(false)
      expect(await withLock(two, 'archive', nothing)).toBe(true)
    })
    expect(await withLock(two, 'sweep', nothing)).toBe(true)
  })

  test('frees the name when the work fails, and passes the failure on', async () => {
    const [one, two] = [await open(), await open()]
    const failing = withLock(one, 'sweep', async () => {
      throw new Error('the work failed')
    })
    await expect(failing).rejects.toThrow('the work failed')
    expect(await withLock(two, 'sweep', nothing)).toBe(true)
  })

  test('frees the name when its connection breaks', async () => {
    const [one, two] = [await open(), await open()]
    const broken = withLock(one, 'sweep', async () => {
      await sql`
        select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())
      `.execute(two)
      await expect.poll(() => withLock(two, 'sweep', nothing)).toBe(true)
    })
    await expect(broken).rejects.toThrow('connection')
  })

  test('lets one at a time work, however many try', async () => {
    const databases = [await open(), await open()]
    const tries = 200
    let [working, most, ran] = [0, 0, 0]
    await Promise.all(
      Array.from({ length: tries }, (_, i) =>
        withLock(databases[i % 2]!, 'sweep', async () => {
          most = Math.max(most, ++working)
          await sql`select 1`.execute(databases[0]!)
          working--
          ran++
        }),
      ),
    )
    expect(most).toBe(1)
    console.log(`lock: n = ${tries} tries over 2 pools, ${ran} ran`)
  })
})
