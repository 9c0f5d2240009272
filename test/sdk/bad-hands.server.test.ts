import Docker from 'dockerode'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SandboxRow } from '../../src/hands/bindings.ts'
import { defaultLimits } from '../../src/hands/docker/container-spec.ts'
import { createDockerProvider } from '../../src/hands/docker/docker.ts'
import { createEngine } from '../../src/hands/docker/dockerode.ts'
import type { SandboxProvider } from '../../src/hands/sandbox.ts'
import type { SandboxHands } from '../../src/hands/sandbox-hands.ts'
import { createSandboxHands } from '../../src/hands/sandbox-hands.ts'
import { useDockerSandboxes } from '../hands/docker-sandboxes.ts'
import { useLocalSandboxes } from '../hands/local-sandboxes.ts'
import { run, until } from '../hands/provider/support.ts'
import { hasDocker } from '../support/docker.ts'
import { faultsOfLog } from '../support/log-grammar.ts'
import { silentLog } from '../support/silent-log.ts'
import type { Stack } from '../support/stack.ts'
import { startStack } from '../support/stack.ts'
import type { BadHand, Outside } from './bad-hands.ts'
import { badHands } from './bad-hands.ts'
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
/** Once and never again: where the sandbox is another one, there is no ledger. */
const ledgers = {
  same: /^(?:bash: the working folder is gone, back in \/workspace\n)?ran\nalive$/,
  fresh: /^\[This is a new sandbox \(generation 2\)[^]*ledger: No such file or directory\nalive$/,
}
const kinds = (await hasDocker()) ? (['local', 'docker'] as const) : (['local'] as const)

describe.each(kinds)('a session whose call in a %s sandbox', (kind) => {
  const local = kind === 'local' ? useLocalSandboxes() : null
  const containers = kind === 'docker' ? useDockerSandboxes() : null
  const docker = new Docker()
  let provider: SandboxProvider
  let stack: Stack
  let prepared: { readonly agent: string; readonly environment: string }
  let hands: SandboxHands

  beforeAll(async () => {
    const own = local?.provider ?? containers?.withLimits(small)
    if (own === undefined) throw new Error('expected sandboxes of a kind')
    provider = own
    stack = await startStack({ hands: { execute: (...call) => hands.execute(...call) } })
    prepared = await stack.prepare()
    hands = createSandboxHands({ provider, bindings: stack.stores.bindings, log: silentLog })
  })
  afterAll(() => stack[Symbol.asyncDispose]())

  async function rowOf(session: string): Promise<SandboxRow> {
    let row: SandboxRow | null = null
    await expect
      .poll(async () => (row = await stack.stores.bindings.current(session)), { timeout: 30_000 })
      .not.toBeNull()
    if (row === null) throw new Error('expected a sandbox')
    return row
  }

  function outsideOf(row: SandboxRow): Outside {
    return {
      row,
      kill: async () => (local ?? containers)?.kill(row),
      container: () => docker.getContainer(row.reference),
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

  const rows = badHands.filter((row) => row.kinds.includes(kind))
  test.each(rows)('$name is told, and goes on', { timeout: 180_000 }, async (row) => {
    const session = await createSession({ stack, ...prepared })
    const first = program(bash(`echo ran >> ledger; ${row.command}`), 'SAY done')
    const [events] = await Promise.all([turn(stack.sdk, session, first), interfere(session, row)])
    const [result] = only(events, 'agent.tool_result')
    expect([textOf(result), result?.is_error]).toEqual([expect.stringMatching(row.told), row.isError])
    expect(only(events, 'session.status_idle')).toMatchObject([{ stop_reason: { type: 'end_turn' } }])
    await row.behind?.(outsideOf(await rowOf(session)))
    expect(await nextCall(session)).toMatch(ledgers[row.next])
    expect(faultsOfLog(await listAll(stack.sdk, session), 'list')).toEqual([])
    await hands.destroySession(session)
    expect((await provider.list()).filter(({ sessionId }) => sessionId === session)).toEqual([])
  })

  async function nextCall(session: string): Promise<string> {
    const events = await turn(stack.sdk, session, message(`#program now\n${bash('cat ledger; echo alive')}\nSAY done`))
    return textOf(only(events, 'agent.tool_result')[0])
  }

  test.runIf(kind === 'docker')(
    'has no image is told, and goes on once there is one',
    { timeout: 180_000 },
    async () => {
      const here = hands
      const { bindings } = stack.stores
      const broken = createDockerProvider({ engine: createEngine(), image: 'longhand-none:1', installation: 'none' })
      hands = createSandboxHands({ provider: broken, bindings, log: silentLog })
      const session = await createSession({ stack, ...prepared })
      const events = await turn(stack.sdk, session, program(bash('true'), 'SAY done'))
      hands = here
      expect(textOf(only(events, 'agent.tool_result')[0])).toMatch(
        /^hands: Docker refused container create: No such image/,
      )
      expect(await nextCall(session)).toMatch(/alive$/)
      await hands.destroySession(session)
    },
  )
})

function textOf(result: { readonly content?: readonly object[] | null } | undefined): string {
  const [block] = result?.content ?? []
  return block && 'text' in block ? String(block.text) : ''
}
