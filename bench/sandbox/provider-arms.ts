import type { Sandbox, SandboxProvider } from '../../src/hands/sandbox.ts'
import type { Series } from '../support/result.ts'
import type { Arm } from './interleave.ts'
import { time } from './interleave.ts'

/** What every call here runs: nothing, so that its time is all the provider's and the runner's. */
const request = { command: 'true', timeoutMs: 30_000, capBytes: 2_048 }

export interface ProviderArms extends AsyncDisposable {
  /** Provision and first run. */
  readonly cold: Arm
  /** The part of `cold` until there was a sandbox, the first `warmUp` left out. */
  provision(warmUp: number): Series
  /** A run in one sandbox that lives throughout. */
  readonly warm: Arm
}

/** Times a provider with nothing above it: no tool, no binding, no Temporal. Disposal ends the living sandbox. */
export async function createProviderArms(provider: SandboxProvider): Promise<ProviderArms> {
  const prefix = `bench${process.pid}`
  const provisionMs: number[] = []
  let made = 0
  const row = await provider.provision({ sessionId: `${prefix}warm`, generation: 1 })
  const living = await attach(provider, row)

  return {
    cold: {
      name: `${provider.kind}, cold: provision and first run`,
      async once() {
        made += 1
        const start = performance.now()
        const fresh = await provider.provision({ sessionId: `${prefix}cold${made}`, generation: 1 })
        try {
          const provisioned = performance.now()
          await runTrue(await attach(provider, fresh), 'first')
          const end = performance.now()
          provisionMs.push(provisioned - start)
          return end - start
        } finally {
          await provider.destroy(fresh)
        }
      },
    },
    provision: (warmUp) => ({
      label: `${provider.kind}, cold: of which provision`,
      unit: 'ms',
      samples: provisionMs.slice(warmUp),
    }),
    warm: {
      name: `${provider.kind}, warm: run`,
      once() {
        made += 1
        return time(() => runTrue(living, `warm${made}`))
      },
    },
    [Symbol.asyncDispose]: () => provider.destroy(row),
  }
}

type Row = Awaited<ReturnType<SandboxProvider['provision']>>

async function attach(provider: SandboxProvider, row: Row): Promise<Sandbox> {
  const sandbox = await provider.attach(row)
  if (!sandbox) throw new Error(`expected the ${provider.kind} sandbox that was just made to live`)
  return sandbox
}

async function runTrue(sandbox: Sandbox, id: string): Promise<void> {
  const { reason, code, first } = await sandbox.run({ ...request, id })
  if (reason !== 'exit' || code !== 0 || !first) throw new Error(`expected true to exit with 0, got ${reason} ${code}`)
}
