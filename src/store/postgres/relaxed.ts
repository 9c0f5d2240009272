import { sql } from 'kysely'

/**
 * Joined to an update, makes its commit answer before the disk has it; for this transaction alone. For marks and hints
 * that can be learned anew: a crash of the server may lose the last half second of them, a crash of ours none.
 */
export const relaxed = sql<{ setting: string }>`(select set_config('synchronous_commit', 'off', true) as setting)`
