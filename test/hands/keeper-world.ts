import { sql } from 'kysely'
import type { KeeperSettings } from '../../src/hands/keeper.ts'
import { clearAway, tend } from '../../src/hands/keeper.ts'
import { createSandboxHands } from '../../src/hands/sandbox-hands.ts'
import type { SandboxProvider } from '../../src/hands/sandbox.ts'
import { createCopyStore } from '../../src/keeping.ts'
import { createStock } from '../../src/stock.ts'
import type { FileContents } from '../../src/store/files.ts'
import type { Database } from '../../src/store/postgres/database.ts'
import { createStores } from '../../src/store/postgres/stores.ts'
import { createSession, newId } from '../store/builders.ts'
import { silentLog } from '../support/silent-log.ts'
import type { TestSandboxes } from './local-sandboxes.ts'

const MiB = 1024 * 1024

export interface WorldOptions<Contents extends FileContents> {
  readonly sandboxes: Pick<TestSandboxes, 'provider'>
  readonly contents: Contents
  readonly settings?: Partial<KeeperSettings>
}

/** A session with real sandboxes, a store, and a keeper whose passes a test makes. */
export async function openKeeperWorld<Contents extends FileContents>(
  database: Database,
  { sandboxes, contents, settings: change = {} }: WorldOptions<Contents>,
) {
  const stores = createStores(database)
  const { id: sessionId } = await createSession(stores, 'default')
  const { provider } = sandboxes
  const host = newId('host')
  // The name of a host that no other test shares.
  const here: SandboxProvider = { ...provider, host: async () => host }
  const hands = createSandboxHands({
    provider: here,
    bindings: stores.bindings,
    stores: { stock: createStock(stores, contents), ledger: stores.ledger, keepsCopies: change.mostCopied !== 0 },
    log: silentLog,
  })
  const settings = { idleMs: 15 * 60_000, mostCopied: 100 * MiB, ...change }
  /** Calls that the session's log has open; null while it is at work. */
  const log: { open: readonly string[] | null } = { open: null }
  const pass = {
    provider: here,
    hosts: [{ host, provider: provider.kind }],
    ledger: stores.ledger,
    openCalls: async () => log.open,
    copies: createCopyStore(stores.files, contents),
    exclusively: async () => true,
    settings,
    log: silentLog,
    refusals: new Map<string, number>(),
    unheard: new Map<string, number>(),
    signal: new AbortController().signal,
    now: Date.now(),
  }
  let calls = 0
  let known = 0
  async function bash(command: string): Promise<string> {
    const id = `sevt_${++calls}`
    const { signal } = pass
    const nameCalls = async (ids: readonly string[]) => ids.map((one) => `call ${one}`)
    const context = { sessionId, toolUseId: id, abandoned: [], signal, known, nameCalls }
    const { text, made } = await hands.execute('bash', { command }, context)
    known = made?.generation ?? known
    return text
  }
  return {
    sessionId,
    host,
    stores,
    contents,
    log,
    bash,
    tend: () => tend(pass),
    clearAway: () => clearAway(pass),
    pass: (minutes: number) => letPass(database, sessionId, minutes),
    row: () => stores.bindings.current(sessionId),
    listed: async () => (await provider.list()).filter((listed) => listed.sessionId === sessionId),
  }
}

/** So long nobody has called. */
async function letPass(database: Database, sessionId: string, minutes: number): Promise<void> {
  const ago = sql`make_interval(mins => ${minutes}::integer)`
  await sql`
    update sandboxes set used_at = used_at - ${ago}, exported_at = exported_at - ${ago} where session_id = ${sessionId}
  `.execute(database)
}
