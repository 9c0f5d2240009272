import { sql } from 'kysely'
import { createHostRegistry } from '../../../src/store/postgres/hosts.ts'
import { hostRegistrySuite } from '../../suites/host-registry.ts'
import { useDatabase } from '../use-postgres.ts'

const open = useDatabase()

hostRegistrySuite(async () => {
  const database = await open()
  return {
    open: async () => createHostRegistry(await open()),
    async age(host, seconds) {
      const by = sql<Date>`make_interval(secs => ${seconds})`
      await sql`update hands_hosts set beat_at = beat_at - ${by}, since = since - ${by} where host = ${host}`.execute(
        database,
      )
    },
  }
})
