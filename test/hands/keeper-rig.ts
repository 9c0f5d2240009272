import { createHash } from 'node:crypto'
import type { SandboxRow } from '../../src/hands/bindings.ts'
import type { KeeperOptions } from '../../src/hands/keeper.ts'
import { clearAway, tend } from '../../src/hands/keeper.ts'
import type { KeptSandbox } from '../../src/hands/ledger.ts'
import type { FakeLedger } from './fake-ledger.ts'
import { createFakeLedger } from './fake-ledger.ts'
import type { FakeProvider } from './fake-provider.ts'
import { createFakeProvider } from './fake-provider.ts'
import { gather } from './tar-builders.ts'

const hosts = [{ host: 'here', provider: 'fake' }]
export const minute = 60_000
export const idle = { status: 'idle', unusedMs: minute } as const
export const due = { status: 'idle', unusedMs: 16 * minute } as const

export interface Change extends Partial<Omit<KeeperOptions, 'provider' | 'ledger'>> {
  readonly provider?: FakeProvider
  readonly ledger?: FakeLedger
}

/** A keeper of sandboxes in memory, with all that it works on. `tend` and `clearAway` are one pass each. */
export function buildKeeper({ provider = createFakeProvider(), ledger = createFakeLedger(), ...more }: Change = {}) {
  const contents = new Map<string, string>()
  const said: string[] = []
  let serial = 0
  const options = {
    provider,
    ledger,
    hosts,
    openCalls: async () => [],
    copies: {
      async write(_: string, source: AsyncIterable<Uint8Array>) {
        const bytes = await gather(source)
        const content = `copy${++serial}`
        contents.set(content, bytes.toString())
        return { content, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
      },
      drop: async (content: string) => void contents.delete(content),
    },
    exclusively: async (work: () => Promise<void>) => {
      await work()
      return true
    },
    settings: { idleMs: 15 * minute, mostCopied: 1_000 },
    log: {
      info: (_: object, message: string) => said.push(message),
      warn: (_: object, message: string) => said.push(message),
    },
    ...more,
  }
  const pass = {
    ...options,
    refusals: new Map<string, number>(),
    unheard: new Map<string, number>(),
    signal: new AbortController().signal,
    now: Date.now(),
  }
  /** A sandbox that the ledger knows, with a file in its workspace. */
  async function open(sessionId: string, kept: Partial<KeptSandbox> = {}) {
    const row: SandboxRow = { ...(await provider.provision({ sessionId, generation: 1 })), host: 'here' }
    const sandbox = provider.living.get(row.reference)
    if (sandbox === undefined) throw new Error('expected a new sandbox to live')
    sandbox.cargo.workspace.set('file', sessionId)
    ledger.add(row, kept)
    return { row, sandbox }
  }
  return {
    ...options,
    provider,
    ledger,
    contents,
    said,
    options,
    pass,
    open,
    tend: () => tend(pass),
    /** A look so many milliseconds later, by the host's clock. */
    tendAt: (ms: number) => tend({ ...pass, now: pass.now + ms }),
    clearAway: () => clearAway(pass),
  }
}
