import { createHash } from 'node:crypto'
import type { Selectable, Transaction } from 'kysely'
import { sql } from 'kysely'
import type { ArchiveGaps } from '../../activities/archive-sweep.ts'
import type { EndedRun } from '../../activities/ended-runs.ts'
import type { ArchivedItem, ArchivedRun, ArchiveWriter, LogArchive } from '../../history/archive.ts'
import { RunRefused, SessionBuried } from '../buried.ts'
import type { ArchivedDocuments } from './archived-documents.ts'
import { createArchivedDocuments } from './archived-documents.ts'
import { readArchivePage } from './archive-page.ts'
import { refusingBuried } from './burial.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

/** Of a statement that inserts items: far below what PostgreSQL takes, far more than a run of usual size needs. */
const BATCH_ITEMS = 2_000
const BATCH_CHARACTERS = 8 * 1024 * 1024

/**
 * The archive in PostgreSQL. Rows take their workspace from the session's row: a write for an unknown session rejects
 * with `RunRefused`, for a deleted one with `SessionBuried`.
 * @param key the key of the payload codec, 32 bytes: where the log is encrypted, so is what is kept of it.
 */
export function createLogArchive(
  database: Database,
  key?: Uint8Array | null,
): LogArchive & ArchiveWriter & ArchiveGaps {
  const documents = createArchivedDocuments(key)
  const runs = (session: string) => database.selectFrom('archived_runs').selectAll().where('session_id', '=', session)

  return {
    async runs(session, from) {
      const rows = await runs(session).where('run', '>=', from).orderBy('run').execute()
      return rows.map((row) => toRun(row, documents))
    },

    async newest(session) {
      const row = await runs(session).orderBy('run', 'desc').limit(1).executeTakeFirst()
      return row === undefined ? null : toRun(row, documents)
    },

    async page(session, selection) {
      if (selection.types?.length === 0) return []
      const rows = await readArchivePage(database, session, selection)
      return rows.map((row) => documents.toItem(session, row))
    },

    async find(session, eventId) {
      const rows = await database
        .selectFrom('archived_items')
        .select(['run', 'event', 'index', 'at', 'audience', 'entry', 'blobs'])
        .where('session_id', '=', session)
        .where('event_key', '=', eventKey(eventId))
        .orderBy('run')
        .orderBy('event')
        .orderBy('index')
        .execute()
      return rows.map((row) => documents.toItem(session, row)).filter((item) => idOf(item) === eventId)
    },

    async resets(session) {
      const made = database.selectFrom('archived_runs').select(['run', 'cuts']).where('session_id', '=', session)
      const rows = await made.where('cuts', 'is not', null).execute()
      return rows.map(({ run, cuts }) => ({ run, cuts: cuts ?? [] }))
    },

    write: (session, run, items) =>
      refusingBuried(
        session,
        database.transaction().execute(async (transaction) => {
          await writeRun(transaction, documents, { session, run })
          for (const batch of toBatches(items.map((item) => toColumns(session, item, documents)))) {
            await insertItems(transaction, { session, run }, batch)
          }
        }),
      ),

    missing: (ended) => listMissing(database, ended),
  }
}

/** Those that the archive does not have to their end, of sessions that are there. */
async function listMissing(database: Database, ended: readonly EndedRun[]): Promise<readonly EndedRun[]> {
  const { rows } = await sql<{ session: string; id: string }>`
    select given.session, given.id
    from unnest(${ended.map(({ session }) => session)}::text[], ${ended.map(({ id }) => id)}::text[])
      with ordinality as given (session, id, place)
    join sessions on sessions.id = given.session
    where not exists (
      select from archived_runs kept
      where kept.session_id = given.session and kept.run_id = given.id and kept.closed
    )
    order by given.place
  `.execute(database)
  return rows
}

interface RunToWrite {
  readonly session: string
  readonly run: ArchivedRun
}

/**
 * One writer of a session at a time: which run is the newest, and so keeps its state, depends on the others. The row
 * of the run comes before its items, since its trigger checks for a deletion and keeps one waiting until the commit.
 */
async function writeRun(
  transaction: Transaction<Schema>,
  documents: ArchivedDocuments,
  { session, run }: RunToWrite,
): Promise<void> {
  const cuts = run.cuts.length > 0 ? JSON.stringify(run.cuts) : null
  const state = run.state && documents.write(session, `state ${run.run}`, run.state)
  await sql`select pg_advisory_xact_lock(hashtextextended(${`archive ${session}`}, 0))`.execute(transaction)
  await sql`
    insert into archived_runs as kept
      (session_id, run, workspace_id, run_id, follows, cuts, last_event, closed, started_at, changed_at, archived_at,
        state)
    select id, ${run.run}, workspace_id, ${run.id}, ${run.follows}, ${cuts}::json, ${run.lastEvent}, ${run.closed},
      ${run.startedAt}, ${run.changedAt}, ${run.archivedAt}, ${state}
    from sessions where id = ${session}
    on conflict (session_id, run) do update set
      last_event = excluded.last_event, changed_at = excluded.changed_at,
      archived_at = excluded.archived_at, state = excluded.state
    where kept.run_id = excluded.run_id and kept.last_event < excluded.last_event
  `.execute(transaction)
  const { rows } = await sql<{ id: string }>`
    update archived_runs set closed = closed or ${run.closed}
    where session_id = ${session} and run = ${run.run} and exists (select from sessions where id = ${session})
    returning run_id as id
  `.execute(transaction)
  const [kept] = rows
  if (kept === undefined) throw await refusal(transaction, session)
  if (kept.id !== run.id) throw new RunRefused(`run ${run.run} of ${session} is kept as ${kept.id}, not as ${run.id}`)
  await sql`
    update archived_runs set state = null
    where session_id = ${session} and state is not null
      and run < (select max(run) from archived_runs where session_id = ${session})
  `.execute(transaction)
}

/** Why there was no session's row to take the workspace from. */
async function refusal(transaction: Transaction<Schema>, session: string): Promise<Error> {
  const tombstone = await transaction
    .selectFrom('tombstones')
    .select('session_id')
    .where('session_id', '=', session)
    .executeTakeFirst()
  return tombstone === undefined
    ? new RunRefused(`expected a session ${session}, found none`)
    : new SessionBuried(session)
}

interface Columns {
  readonly item: ArchivedItem
  readonly key: string | null
  readonly entry: string
  readonly blobs: string | null
}

function toColumns(session: string, item: ArchivedItem, documents: ArchivedDocuments): Columns {
  const id = item.audience === 'model' ? null : idOf(item)
  return { item, key: id === null ? null : eventKey(id), ...documents.fromItem(session, item) }
}

function toBatches(rows: readonly Columns[]): readonly (readonly Columns[])[] {
  const batches: Columns[][] = []
  let characters = 0
  for (const row of rows) {
    characters += row.entry.length
    const last = batches.at(-1)
    if (last && last.length < BATCH_ITEMS && characters <= BATCH_CHARACTERS) last.push(row)
    else {
      batches.push([row])
      characters = row.entry.length
    }
  }
  return batches
}

async function insertItems(
  transaction: Transaction<Schema>,
  { session, run }: RunToWrite,
  rows: readonly Columns[],
): Promise<void> {
  const items = rows.map(({ item }) => item)
  await sql`
    insert into archived_items
      (session_id, workspace_id, run, event, index, at, type, audience, event_key, entry, blobs)
    select kept.session_id, kept.workspace_id, given.*
    from archived_runs kept, unnest(
      ${items.map(({ position }) => position.run)}::integer[],
      ${items.map(({ position }) => position.event)}::integer[],
      ${items.map(({ position }) => position.index)}::integer[],
      ${items.map(({ at }) => at)}::bigint[],
      ${items.map(({ entry }) => entry.type)}::text[],
      ${items.map(({ audience }) => audience)}::text[],
      ${rows.map(({ key }) => key)}::bigint[],
      ${rows.map(({ entry }) => entry)}::json[],
      ${rows.map(({ blobs }) => blobs)}::json[]
    ) as given (run, event, index, at, type, audience, event_key, entry, blobs)
    where kept.session_id = ${session} and kept.run = ${run.run}
    on conflict (session_id, run, event, index) do nothing
  `.execute(transaction)
}

function toRun(row: Selectable<Schema['archived_runs']>, documents: ArchivedDocuments): ArchivedRun {
  return {
    run: row.run,
    id: row.run_id,
    follows: row.follows,
    cuts: row.cuts ?? [],
    lastEvent: row.last_event,
    closed: row.closed,
    startedAt: Number(row.started_at),
    changedAt: Number(row.changed_at),
    archivedAt: row.archived_at === null ? null : Number(row.archived_at),
    state: documents.readState(row.session_id, row.run, row.state),
  }
}

function idOf({ entry }: ArchivedItem): string | null {
  return 'id' in entry ? entry.id : null
}

/** 64 bits of a hash, as the text of a signed number: an id may be of any length and hold what no text column takes. */
function eventKey(id: string): string {
  return createHash('sha256').update(id).digest().readBigInt64BE(0).toString()
}
