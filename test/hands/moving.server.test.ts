import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DEFAULT_IMAGE } from '../../src/hands/docker/image.ts'
import type { Made } from '../../src/hands/hands.ts'
import { tend } from '../../src/hands/keeper.ts'
import { MAIN } from '../../src/hands/recipe.ts'
import { createSandboxHands } from '../../src/hands/sandbox-hands.ts'
import { createWhereabouts } from '../../src/hands/whereabouts.ts'
import { createCopyStore } from '../../src/keeping.ts'
import { openSandboxes } from '../../src/sandboxes.ts'
import { createStock } from '../../src/stock.ts'
import { createStores } from '../../src/store/postgres/stores.ts'
import { createSession } from '../store/builders.ts'
import { useDatabase } from '../store/use-postgres.ts'
import { silentLog } from '../support/silent-log.ts'
import { hasDocker } from '../support/docker.ts'
import { createMemoryContents } from '../support/memory-contents.ts'

const openDatabase = useDatabase()
const LIMIT_MS = 240_000

const FILL = `mkdir -p tree/ü empty; for n in $(seq 200); do echo "file $n" > tree/$n; done; chmod 750 tree/7
  head -c 3000000 /dev/urandom > large; ln -s tree/1 link; ln large hard; touch -d @1700000000 tree/8`
const DESCRIBE = `find . -mindepth 1 ! -type l -printf '%P %y %m %Ts\n' | sort; find . -type l -printf '%P %l\n'
  find . -type f -exec sha256sum {} + | sort`

/** A session, and the hands of one host that can be started anew with the other kind of sandbox. */
async function openWorld() {
  const data = await mkdtemp(join(tmpdir(), 'longhand-moving-'))
  const database = await openDatabase()
  const stores = createStores(database)
  const { id: sessionId } = await createSession(stores, 'default')
  const contents = createMemoryContents()
  const { signal } = new AbortController()
  const made: Made[] = []
  const known = new Map<string, number>()
  let calls = 0

  async function start(sandbox: 'docker' | 'local') {
    const { provider, offers } = await openSandboxes({ data, sandbox, sandboxImage: DEFAULT_IMAGE, host: undefined })
    const hands = createSandboxHands({
      provider,
      bindings: stores.bindings,
      stores: { stock: createStock(stores, contents), ledger: stores.ledger, keepsCopies: true },
      whereabouts: createWhereabouts({ own: offers.map(({ host }) => host), registry: stores.hosts }),
      log: silentLog,
    })
    return { provider, offers, hands }
  }
  let present = await start('docker')
  onTestFinished(async () => {
    for (const row of await present.provider.list()) await present.provider.destroy(row)
    await rm(data, { recursive: true, force: true })
  }, LIMIT_MS)

  return {
    made,
    async restart(sandbox: 'docker' | 'local') {
      present = await start(sandbox)
    },
    async bash(command: string, hand = MAIN): Promise<string> {
      const context = { sessionId, toolUseId: `sevt_${++calls}`, abandoned: [], signal }
      const told = { hand, known: known.get(hand) ?? 0 }
      const outcome = await present.hands.execute('bash', { command }, { ...context, ...told })
      if (outcome.made) {
        made.push(outcome.made)
        known.set(hand, outcome.made.generation)
      }
      return outcome.text
    },
    /** As the command does it, when nobody has called for a while. */
    async evict(): Promise<void> {
      await sql`update sandboxes set used_at = used_at - interval '1 minute' where session_id = ${sessionId}`.execute(
        database,
      )
      expect(await stores.ledger.evict(sessionId)).toBe(true)
      await tend({
        provider: present.provider,
        hosts: present.offers,
        ledger: stores.ledger,
        openCalls: async () => null,
        copies: createCopyStore(stores.files, contents),
        exclusively: async () => true,
        settings: { idleMs: 0, mostCopied: 100 * 1024 * 1024 },
        log: silentLog,
        refusals: new Map(),
        unheard: new Map(),
        signal,
        now: Date.now(),
      })
      expect(await present.provider.list(sessionId)).toEqual([])
    },
  }
}

describe.runIf(await hasDocker())('a session that moves', () => {
  test('goes from containers to local sandboxes and back, with all its hands', { timeout: LIMIT_MS }, async () => {
    const world = await openWorld()
    await world.bash(FILL)
    await world.bash('echo other > f', 'gpu')
    const before = await world.bash(DESCRIBE)
    let kind: 'docker' | 'local' = 'docker'
    for (const generation of [2, 3]) {
      kind = kind === 'docker' ? 'local' : 'docker'
      await world.restart(kind)
      // What lives goes on where it is.
      expect(await world.bash(DESCRIBE)).toBe(before)
      await world.evict()
      const [receipt, after] = (await world.bash(DESCRIBE)).split('\n\n')
      expect(receipt).toMatch(new RegExp(`^\\[This is a new sandbox \\(generation ${generation}\\); [^]* was put away`))
      expect(receipt).toMatch(/Restored: \/workspace as it was at [^]*\(206 entries/)
      expect(after).toBe(before)
      expect(await world.bash('cat f', 'gpu')).toMatch(
        new RegExp(`^\\[This is a new sandbox \\(gpu, generation ${generation}\\)[^]*\\nother$`),
      )
    }
    expect(world.made.map(({ hand, generation, provider }) => `${hand} ${generation} ${provider}`)).toEqual(
      ['docker', 'local', 'docker'].flatMap((provider, index) =>
        ['main', 'gpu'].map((hand) => `${hand} ${index + 1} ${provider}`),
      ),
    )
  })
})
