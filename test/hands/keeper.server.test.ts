import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import type { SandboxRow } from '../../src/hands/bindings.ts'
import type { KeeperSettings } from '../../src/hands/keeper.ts'
import type { Sandbox } from '../../src/hands/sandbox.ts'
import { useDatabase } from '../store/use-postgres.ts'
import { hasDocker } from '../support/docker.ts'
import { createMemoryContents } from '../support/memory-contents.ts'
import { useDockerSandboxes } from './docker-sandboxes.ts'
import { openKeeperWorld } from './keeper-world.ts'
import type { TestSandboxes } from './local-sandboxes.ts'
import { useLocalSandboxes } from './local-sandboxes.ts'

const MiB = 1024 * 1024
const openDatabase = useDatabase()
/** Everything but the moment of a link, which `tar` does not keep. */
const describeTree = `cd /workspace; { find . -mindepth 1 ! -type l ! -type p ! -type s -printf '%P %y %m %s %Ts %n\\n' | sed 's/ d \\([0-9]*\\) [0-9]* / d \\1 /' | sort
find . -type l -printf '%P %l\\n' | sort; find . -type f -exec sha256sum {} + | sort; } | sha256sum`

function openWorld(sandboxes: TestSandboxes, settings: Partial<KeeperSettings> = {}) {
  return openDatabase().then((database) =>
    openKeeperWorld(database, { sandboxes, contents: createMemoryContents(), settings }),
  )
}

async function attach({ provider }: TestSandboxes, row: SandboxRow): Promise<Sandbox> {
  const sandbox = await provider.attach(row)
  if (sandbox === null) throw new Error('expected the sandbox to live')
  return sandbox
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
    for (const open of [null, ['sevt_2']]) {
      world.log.open = open
      await world.tend()
      expect(await sandbox?.running()).toEqual(['sevt_2'])
      expect(await world.listed()).toHaveLength(1)
    }
    await sandbox?.run({ id: 'go', command: 'touch go', timeoutMs: 10_000, capBytes: 4_096 })
    expect(await long).toContain('done')
  })

  test('ends commands of calls that were given up when their worker was dead, and no others', async () => {
    const world = await openWorld(setup)
    await world.bash('(until [ -e stop ]; do sleep 0.1; done; touch stopped) > /dev/null 2>&1 &')
    const row = (await world.row()) as SandboxRow
    const sandbox = await attach(setup, row)
    const limits = { timeoutMs: 60_000, capBytes: 4_096 }
    const look = (command: string) => sandbox.run({ id: `look_${++looks}`, command, ...limits })
    let looks = 0
    const running = async () => (await sandbox.running()).toSorted()
    for (const [id, command] of [
      ['sevt_begun', 'touch begun; sleep 600'],
      ['sevt_waits', 'touch never'],
    ] as const) {
      await world.stores.bindings.bind(world.sessionId, id, { hand: 'main', generation: 1 })
      const worker = setup.startClient({ do: 'run', row, request: { id, command, queue: 'q' } })
      await expect.poll(running).toContain(id)
      if (id === 'sevt_begun') await look('until [ -e begun ]; do sleep 0.05; done')
      worker.kill('SIGKILL')
      await once(worker, 'exit')
    }
    const other = sandbox.run({ id: 'not_a_call', command: 'until [ -e go ]; do sleep 0.1; done', ...limits })
    await expect.poll(running).toEqual(['not_a_call', 'sevt_begun', 'sevt_waits'])
    world.log.open = []
    await world.tend()
    expect(await running()).toHaveLength(3)
    await world.pass(1)
    await world.tend()
    expect(await running()).toEqual(['not_a_call'])
    for (const id of ['sevt_begun', 'sevt_waits'])
      expect(await sandbox.run({ id, command: 'touch never', ...limits })).toMatchObject({ reason: 'cancelled' })
    expect(world.contents.contents.size).toBe(0)
    await look('touch go')
    await other
    await world.tend()
    expect(world.contents.contents.size).toBe(1)
    expect(await world.bash('touch stop; until [ -e stopped ]; do sleep 0.1; done; ls')).toBe(
      'begun\ngo\nstop\nstopped',
    )
  })

  test('ends such a command in the shell of the session, which goes on with the next call', async () => {
    const world = await openWorld(setup)
    await world.bash('cd /tmp; kept=yes')
    const long = world.bash('sleep 600')
    const sandbox = await attach(setup, (await world.row()) as SandboxRow)
    await expect.poll(() => sandbox.running()).toEqual(['sevt_2'])
    world.log.open = []
    await world.pass(1)
    await world.tend()
    expect(await long).toMatch(/the call was given up/)
    expect(await world.bash('echo "$kept $PWD"')).toBe('yes /tmp')
    await world.pass(16)
    await world.tend()
    expect(await world.listed()).toEqual([])
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
