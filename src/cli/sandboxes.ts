import { toColumns } from './columns.ts'
import { EXIT } from './exit.ts'

interface KeptSandbox {
  readonly row: {
    readonly sessionId: string
    readonly hand?: string
    readonly generation: number
    readonly provider: string
    readonly host?: string | null
  }
  readonly status: string | null
  readonly usedAt: Date
  readonly exportedAt: Date | null
  readonly evictAt: Date | null
}

/** What the commands work with; the store is the one that the keepers of all hosts look at. */
export interface SandboxRegister {
  readonly store: {
    all(): Promise<readonly KeptSandbox[]>
    /** False when the session has none. */
    evict(sessionId: string): Promise<boolean>
  }
  /** One line of JSON on stdout instead of lines to read. */
  readonly json: boolean
  readonly print: (line: string) => void
  readonly warn: (line: string) => void
}

/** Prints the sandboxes of all hosts, those used last first. Resolves with the exit code 0. */
export async function listSandboxes({ store, json, print }: SandboxRegister): Promise<number> {
  const sandboxes = await store.all()
  const rows = sandboxes.map(({ row, status, usedAt, exportedAt, evictAt }) => [
    row.sessionId,
    row.hand ?? 'main',
    String(row.generation),
    row.provider,
    row.host ?? '-',
    usedAt.toISOString(),
    exportedAt === null ? '-' : exportedAt.toISOString(),
    evictAt === null ? (status ?? 'deleted') : `${status ?? 'deleted'}, to be put away`,
  ])
  const titles = ['SESSION', 'HAND', 'GENERATION', 'KIND', 'HOST', 'USED', 'COPIED', 'SESSION IS']
  for (const line of json ? [JSON.stringify(sandboxes.map(toJson))] : toColumns([titles, ...rows])) print(line)
  return EXIT.done
}

/**
 * Wants a session's sandboxes put away: their hosts copy their workspaces and end them, once nothing runs in them. Does
 * not wait for that. Resolves with the exit code: 0, or 4 when the session has none.
 */
export async function evictSandboxes(
  { store, json, print, warn }: SandboxRegister,
  sessionId: string,
): Promise<number> {
  if (!(await store.evict(sessionId))) {
    warn(`no sandbox of a session ${JSON.stringify(sessionId)}: see longhand sandboxes list`)
    return EXIT.missing
  }
  const told = `the sandbox of ${sessionId} is put away once the session is idle; its workspace comes back with the next`
  print(json ? JSON.stringify({ session_id: sessionId, evicted: true }) : told)
  return EXIT.done
}

function toJson({ row, status, usedAt, exportedAt, evictAt }: KeptSandbox): object {
  const { sessionId, hand = 'main', generation, provider, host = null } = row
  const place = { session_id: sessionId, hand, generation, provider, host }
  return { ...place, status, used_at: usedAt, copied_at: exportedAt, evict_at: evictAt }
}
