import { sql } from 'kysely'
import type { HostOffer, HostRegistry } from '../../hands/hosts.ts'
import type { Database } from './database.ts'

/** Of the last beat, from which on a host counts as silent. */
const SILENT = sql`interval '15 seconds'`
/** Beats further apart than this have a gap between them: some were missed. */
const GAP = sql`interval '6 seconds'`
/** How long a host has to have beaten before it says that another one is silent: by then that one would have, too. */
const STEADY = sql`interval '20 seconds'`
/** A host that has been silent for this long is as good as one that never was. */
const KEPT = sql`interval '30 days'`

/** The registry in PostgreSQL. It asks in the name of the hosts that it has told the last beat of. */
export function createHostRegistry(database: Database): HostRegistry {
  let own: readonly string[] = []

  return {
    async beat(offers) {
      const hosts = [...new Set(offers.map(({ host }) => host))]
      for (const host of hosts) {
        await tell(
          database,
          host,
          offers.filter((offer) => offer.host === host),
        )
      }
      if (own.length === 0) await forget(database)
      own = hosts
    },

    async look(host) {
      const { rows } = await sql<{ readonly beats: boolean; readonly steady: boolean }>`
        select
          exists (select from hands_hosts where host = ${host} and beat_at > now() - ${SILENT}) as beats,
          exists (
            select from hands_hosts
            where host = any(${[...own]}) and beat_at > now() - ${GAP} and since <= now() - ${STEADY}
          ) as steady
      `.execute(database)
      const [found] = rows
      if (found?.beats) return 'beating'
      return found?.steady ? 'silent' : 'unknown'
    },

    async offers() {
      const rows = await database
        .selectFrom('hands_hosts')
        .select('offers')
        .where('beat_at', '>', sql<Date>`now() - ${SILENT}`)
        .orderBy('host')
        .execute()
      return rows.flatMap(({ offers }) => offers)
    },
  }
}

async function tell(database: Database, host: string, offers: readonly HostOffer[]): Promise<void> {
  await sql`
    insert into hands_hosts (host, offers) values (${host}, ${JSON.stringify(offers)})
    on conflict (host) do update set
      offers = excluded.offers,
      beat_at = now(),
      since = case when hands_hosts.beat_at < now() - ${GAP} then now() else hands_hosts.since end
  `.execute(database)
}

async function forget(database: Database): Promise<void> {
  await database
    .deleteFrom('hands_hosts')
    .where('beat_at', '<', sql<Date>`now() - ${KEPT}`)
    .execute()
}
