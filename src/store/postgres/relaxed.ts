import type { RawBuilder } from 'kysely'
import { sql } from 'kysely'

interface Setting {
  readonly setting: string
}

/**
 * Joined to an update, makes its commit answer before the disk has it; for this transaction alone. For marks and hints
 * that can be learned anew: a crash of the server may lose the last half second of them, a crash of ours none.
 */
export const relaxed = sql<Setting>`(select set_config('synchronous_commit', 'off', true) as setting)`

/** The same for an update whose commit may have to be durable, where the given condition holds. */
export function relaxedUnless(condition: RawBuilder<unknown>): RawBuilder<Setting> {
  const setting = sql`case when ${condition} then current_setting('synchronous_commit') else 'off' end`
  return sql<Setting>`(select set_config('synchronous_commit', ${setting}, true) as setting)`
}
