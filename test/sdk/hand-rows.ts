import Docker from 'dockerode'
import { afterAll, beforeAll, expect } from 'vitest'
import type { SandboxRow } from '../../src/hands/bindings.ts'
import { defaultLimits } from '../../src/hands/docker/container-spec.ts'
import { createEngine } from '../../src/hands/docker/dockerode.ts'
import type { ContainerSpec, Engine } from '../../src/hands/docker/engine.ts'
import type { SandboxProvider } from '../../src/hands/sandbox.ts'
import type { SandboxHands } from '../../src/hands/sandbox-hands.ts'
import { createSandboxHands } from '../../src/hands/sandbox-hands.ts'
import type { SessionEvent } from '../../src/wire/types.ts'
import { useDockerSandboxes } from '../hands/docker-sandboxes.ts'
import { useLocalSandboxes } from '../hands/local-sandboxes.ts'
import { run, until } from '../hands/provider/support.ts'
import type { DockerGate } from '../support/docker-gate.ts'
import { openDockerGate } from '../support/docker-gate.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { silentLog } from '../support/silent-log.ts'
import type { Stack } from '../support/stack.ts'
import { startStack } from '../support/stack.ts'
import type { BadHand, Kind, Outside } from './bad-hands.ts'
import { bash, createSession, listAll, message, only, program, turn } from './drive.ts'

const MiB = 1024 * 1024
const small = {
  ...defaultLimits,
  pids: 96,
  memory: 192 * MiB,
  tmp: 48 * MiB,
  home: 16 * MiB,
  runner: 16 * MiB,
  shm: 16 * MiB,
}
/** A daemon that says nothing is given up within a test, and one on a busy machine is not. */
const patience = { shortMs: 3_000, longMs: 10_000, lookMs: 1_000 }

const before = String.raw`(?:bash: the working folder is gone, back in /workspace\n|\[The processes of earlier calls[^]*\n\n)?`
/** Once and never again: where the sandbox is another one, or the first, there is no ledger. */
const ledgers = {
  same: new RegExp(`^${before}ran\nalive$`),
  first: /^cat: ledger: No such file or directory\nalive$/,
  fresh: /^\[This is a new sandbox \(generation 2\)[^]*ledger: No such file or directory\nalive$/,
}

export interface HandRows {
  /** Plays a row in a session of its own, and leaves nothing of it. */
  play(row: BadHand): Promise<void>
  /** A turn with these lines of the demo model's, in a session of its own that is gone afterwards; texts of its results. */
  texts(...lines: readonly string[]): Promise<readonly string[]>
  /** The first call of a session is made with this provider; the text of its result, and of the next call's. */
  firstWith(provider: SandboxProvider): Promise<readonly [string, string]>
  readonly installation: string
}

/** Sessions whose hands are real, and small. */
export function useHandRows(kind: Kind): HandRows {
  const local = kind === 'local' ? useLocalSandboxes() : null
  const containers = kind === 'docker' ? useDockerSandboxes() : null
  const docker = new Docker()
  let gate: DockerGate | null = null
  let provider: SandboxProvider
  let stack: Stack
  let prepared: { readonly agent: string; readonly environment: string }
  let hands: SandboxHands

  beforeAll(async () => {
    gate = containers && (await openDockerGate())
    const engine = gate && withNarrowWorkspace(createEngine({ socketPath: gate.socketPath, patience }))
    const own = local?.provider ?? (engine && containers?.withLimits(small, engine))
    if (!own) throw new Error('expected sandboxes of a kind')
    provider = own
    stack = await startStack({ hands: { execute: (...call) => hands.execute(...call) } })
    prepared = await stack.prepare()
    hands = createSandboxHands({ provider, bindings: stack.stores.bindings, log: silentLog })
  })
  afterAll(async () => {
    await stack[Symbol.asyncDispose]()
    await gate?.[Symbol.asyncDispose]()
  })

  async function rowOf(session: string): Promise<SandboxRow> {
    let row: SandboxRow | null = null
    await expect
      .poll(async () => (row = await stack.stores.bindings.current(session)), { timeout: 60_000 })
      .not.toBeNull()
    if (row === null) throw new Error('expected a sandbox')
    return row
  }

  function gateOf(): DockerGate {
    if (gate === null) throw new Error('expected a daemon')
    return gate
  }

  function outsideOf(row: SandboxRow): Outside {
    return {
      row,
      kill: async () => (local ?? containers)?.kill(row),
      container: () => docker.getContainer(row.reference),
      gate: gateOf,
      async letGo() {
        const sandbox = await provider.attach(row)
        if (sandbox !== null) await run(sandbox, 'touch go')
      },
    }
  }

  /** Does what the row wants done while its command runs. */
  async function interfere(session: string, { during }: BadHand): Promise<void> {
    if (!during) return
    const outside = outsideOf(await rowOf(session))
    const sandbox = await provider.attach(outside.row)
    if (sandbox !== null) await until(sandbox, '[ -e ledger ]')
    await during(outside)
  }

  async function nextCall(session: string): Promise<string> {
    const events = await turn(stack.sdk, session, message(`#program now\n${bash('cat ledger; echo alive')}\nSAY done`))
    return textsOf(events)[0] ?? ''
  }

  async function leave(session: string): Promise<void> {
    expect(faultsOfLog(await listAll(stack.sdk, session), 'list')).toEqual([])
    await hands.destroySession(session)
    expect((await provider.list()).filter(({ sessionId }) => sessionId === session)).toEqual([])
  }

  return {
    installation: containers?.installation ?? '',

    async play(row) {
      const session = await createSession({ stack, ...prepared })
      await row.before?.(gateOf())
      const first = program(bash(`echo ran >> ledger; ${row.command}`), 'SAY done')
      const [events] = await Promise.all([turn(stack.sdk, session, first), interfere(session, row)])
      const [result] = only(events, 'agent.tool_result')
      expect([textsOf(events)[0], result?.is_error]).toEqual([
        expect.stringMatching(row.told),
        row.isError ?? expect.any(Boolean),
      ])
      expect(only(events, 'session.status_idle')).toMatchObject([{ stop_reason: { type: 'end_turn' } }])
      if (row.next === 'first') await gateOf().turn('open')
      else await row.behind?.(outsideOf(await rowOf(session)))
      const next = await nextCall(session)
      expect(row.outlives?.test(next) ? await nextCall(session) : next).toMatch(ledgers[row.next])
      await leave(session)
    },

    async texts(...lines) {
      const session = await createSession({ stack, ...prepared })
      const events = await turn(stack.sdk, session, program(...lines, 'SAY done'))
      await leave(session)
      return textsOf(events)
    },

    async firstWith(other) {
      const usual = hands
      const { bindings } = stack.stores
      hands = createSandboxHands({ provider: other, bindings, log: silentLog })
      const session = await createSession({ stack, ...prepared })
      const events = await turn(stack.sdk, session, program(bash('true'), 'SAY done')).finally(() => (hands = usual))
      const next = await nextCall(session)
      await leave(session)
      return [textsOf(events)[0] ?? '', next]
    },
  }
}

/** One whose workspaces are no larger than 16 MiB, as where a quota holds them. */
function withNarrowWorkspace(engine: Engine): Engine {
  return { ...engine, create: (name, spec) => engine.create(name, narrow(spec)) }
}

function narrow(spec: ContainerSpec): ContainerSpec {
  const { HostConfig: host = {} } = spec
  const options = { type: 'tmpfs', device: 'tmpfs', o: 'size=16m,uid=1000,gid=1000,mode=755' }
  const mounts = (host.Mounts ?? []).map((mount) =>
    mount.Target === '/workspace' && mount.VolumeOptions
      ? { ...mount, VolumeOptions: { ...mount.VolumeOptions, DriverConfig: { Name: 'local', Options: options } } }
      : mount,
  )
  return { ...spec, HostConfig: { ...host, Mounts: mounts } }
}

function textsOf(events: readonly SessionEvent[]): readonly string[] {
  return only(events, 'agent.tool_result').map(({ content }) => {
    const [block] = content ?? []
    return block && 'text' in block ? block.text : ''
  })
}
