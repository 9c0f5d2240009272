import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { SandboxRow } from '../../src/hands/bindings.ts'
import type { KeeperSettings } from '../../src/hands/keeper.ts'
import { clearAway, tend } from '../../src/hands/keeper.ts'
import { createSandboxHands } from '../../src/hands/sandbox-hands.ts'
import type { SandboxProvider } from '../../src/hands/sandbox.ts'
import { createCopyStore } from '../../src/keeping.ts'
import { createStock } from '../../src/stock.ts'
import type { Database } from '../../src/store/postgres/database.ts'
import { createStores } from '../../src/store/postgres/stores.ts'
import { createSession, newId } from '../store/builders.ts'
import { silent, useDatabase } from '../store/use-postgres.ts'
import { hasDocker } from '../support/docker.ts'
import { createMemoryContents } from '../support/memory-contents.ts'
import { useDockerSandboxes } from './docker-sandboxes.ts'
import type { TestSandboxes } from './local-sandboxes.ts'
import { useLocalSandboxes } from './local-sandboxes.ts'

const MiB = 1024 * 1024
const openDatabase = useDatabase()
/** Everything but the moment of a link, which `tar` does not keep. */
const describeTree = `cd /workspace; { find . -mindepth 1 ! -type l ! -type p ! -type s -printf '%P %y %m %s %Ts %n\\n' | sed 's/ d \\([0-9]*\\) [0-9]* / d \\1 /' | sort
find . -type l -printf '%P %l\\n' | sort; find . -type f -exec sha256sum {} + | sort; } | sha256sum`

/** A session with real sandboxes, a store, and a keeper whose passes a test makes. */
async function openWorld(sandboxes: TestSandboxes, change: Partial<KeeperSettings> = {}) {
  const database = await openDatabase()
  const stores = createStores(database)
  const { id: sessionId } = await createSession(stores, 'default')
  const { provider } = sandboxes
  const contents = createMemoryContents()
  const host = newId('host')
  // The name of a host that no other test shares.
  const here: SandboxProvider = { ...provider, host: async () => host }
  const hands = createSandboxHands({
    provider: here,
    bindings: stores.bindings,
    stores: { stock: createStock(stores, contents), ledger: stores.ledger, keepsCopies: change.mostCopied !== 0 },
    log: silent,
  })
  const settings = { idleMs: 15 * 60_000, mostCopied: 100 * MiB, ...change }
  const pass = {
    provider: here,
    hosts: [{ host, provider: provider.kind }],
    ledger: stores.ledger,
    copies: createCopyStore(stores.files, contents),
    exclusively: async () => true,
    settings,
    log: silent,
    refusals: new Map<string, number>(),
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
    stores,
    contents,
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

function keeping(setup: TestSandboxes): void {
  test('puts away a sandbox and brings its workspace back, byte by byte', async () => {
    const world = await openWorld(setup)
    const fill = `mkdir -p tree/ü empty .hidden; for n in $(seq 1000); do echo "file $n" > tree/$n; done
      head -c 50000000 /dev/urandom > large; ln -s tree/1 link; ln large hard; printf '#!/bin/sh\\n' > tree/ü/run; chmod 750 tree/ü/run
      echo x > 'a name
with a break'; touch -d @1700000000 tree/7; mkfifo pipe
      perl -e 'use Socket; socket(my $s, AF_UNIX, SOCK_STREAM, 0); bind($s, sockaddr_un("sock"))'`
    await world.bash(fill)
    const before = await world.bash(describeTree)
    await world.pass(1)
    await world.tend()
    expect(await world.listed()).toHaveLength(1)
    const copy = await world.stores.ledger.latestExport(world.sessionId, 'main')
    const bytes = world.contents.contents.get(copy?.content ?? '')
    expect(copy).toMatchObject({ generation: 1, bytes: bytes?.length, entries: 1_009 })
    expect(
      createHash('sha256')
        .update(bytes ?? '')
        .digest('hex'),
    ).toBe(copy?.sha256)
    await world.pass(15)
    await world.tend()
    expect(await world.listed()).toEqual([])
    const told = await world.bash('true')
    expect(told).toMatch(/^\[This is a new sandbox \(generation 2\); the one before it was put away/)
    expect(told).toMatch(/1,009 entries/)
    const after = await world.bash(describeTree)
    expect(after).toBe(before)
  })

  test('copies nothing more while nothing changes, and what has changed', async () => {
    const world = await openWorld(setup)
    await world.bash('echo one > file')
    for (let pass = 0; pass < 3; pass++) {
      await world.bash('cat file')
      await world.pass(1)
      await world.tend()
    }
    expect(world.contents.contents.size).toBe(1)
    await world.bash('echo two > file')
    await world.pass(1)
    await world.tend()
    expect(world.contents.contents.size).toBe(2)
  })

  test('takes no copy of a workspace that is too large, and says so', async () => {
    const world = await openWorld(setup, { mostCopied: MiB })
    await world.bash('head -c 1100000 /dev/zero > large')
    await world.pass(16)
    await world.tend()
    expect(await world.listed()).toEqual([])
    expect(world.contents.contents.size).toBe(0)
    expect(await world.bash('ls')).toMatch(/Restored: nothing of \/workspace \(it was too large to be copied\)/)
  })

  test('says that copies are switched off', async () => {
    const world = await openWorld(setup, { mostCopied: 0 })
    await world.bash('echo x > file')
    await world.pass(16)
    await world.tend()
    expect(await world.bash('ls')).toMatch(/Restored: nothing of \/workspace \(copies are switched off\)/)
  })

  test('lets a command go on for longer than a sandbox may be unused', async () => {
    const world = await openWorld(setup)
    await world.bash('true')
    const long = world.bash('touch begun; until [ -e go ]; do sleep 0.1; done; echo done')
    const row = (await world.row()) as SandboxRow
    const sandbox = await setup.provider.attach(row)
    await expect.poll(() => sandbox?.busy()).toBe(true)
    await world.pass(60)
    await world.tend()
    expect(await world.listed()).toHaveLength(1)
    await sandbox?.run({ id: 'go', command: 'touch go', timeoutMs: 10_000, capBytes: 4_096 })
    expect(await long).toContain('done')
  })

  test('leaves nothing of a session that was deleted', async () => {
    const world = await openWorld(setup)
    await world.bash('echo x > file')
    await world.stores.sessions.bury('default', world.sessionId)
    await world.tend()
    expect(await world.listed()).toEqual([])
  })

  test('ends a sandbox that nobody wants, and none that is being made', async () => {
    const world = await openWorld(setup)
    await world.bash('true')
    const current = (await world.row()) as SandboxRow
    const planted = await setup.provider.provision({ sessionId: world.sessionId, generation: 2 })
    await world.clearAway()
    expect(await world.listed()).toHaveLength(2)
    await world.stores.sessions.bury('default', world.sessionId)
    await world.clearAway()
    expect(await world.listed()).toEqual([])
    for (const row of [current, planted]) expect(await setup.provider.attach(row)).toBeNull()
  })
}

describe('a keeper of local sandboxes', () => {
  keeping(useLocalSandboxes())
})

describe.runIf(await hasDocker())('a keeper of containers', () => {
  keeping(useDockerSandboxes())
})
