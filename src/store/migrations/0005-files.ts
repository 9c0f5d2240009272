import type { Kysely } from 'kysely'
import { sql } from 'kysely'

/**
 * Files, and their contents apart from them: a content is noted before its bytes are written and forgotten after they
 * were removed, so that whatever bytes there are can be found from here.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [contents, files]) await statement.execute(db)
}

const contents = sql`
  create table file_contents (
    key          text collate "C" primary key,
    workspace_id text collate "C" not null references workspaces,
    begun_at     timestamptz(3) not null default now(),
    finished     boolean not null default false
  );
  create index file_contents_by_age on file_contents (begun_at);
`

const files = sql`
  create table files (
    id           text collate "C" primary key,
    workspace_id text collate "C" not null references workspaces,
    filename     text not null,
    mime_type    text not null,
    size         bigint not null check (size >= 0),
    sha256       text collate "C" not null,
    downloadable boolean not null,
    scope_id     text collate "C",
    created_at   timestamptz(3) not null,
    expires_at   timestamptz(3),
    content      text collate "C" references file_contents
  );
  create index files_by_age on files (workspace_id, created_at, id);
  create index files_by_scope on files (workspace_id, scope_id, created_at, id) where scope_id is not null;
  create index files_by_content on files (content) where content is not null;
  create index files_expiring on files (expires_at) where expires_at is not null and content is not null;
`
