import type { SandboxRow } from '../../src/hands/bindings.ts'
import type { Sandbox, SandboxProvider } from '../../src/hands/sandbox.ts'
import type { Arm } from '../sandbox/interleave.ts'
import type { Context } from '../support/benchmark.ts'
import type { Series } from '../support/result.ts'

const SESSIONS = 20
const request = { command: 'true', timeoutMs: 60_000, capBytes: 2_048 }

/**
 * Many sessions at once, as after a restart: all get their sandbox in the same moment, then each calls `bash` in its own,
 * in turns with as many of the `least` at once. Each one is a sample, from the common start to its result; rounds follow
 * each other, with all sandboxes ended in between.
 */
export async function measureCrowd(
  context: Context,
  provider: SandboxProvider,
  least: Arm,
): Promise<readonly Series[]> {
  const cold: number[] = []
  const warm: number[] = []
  const bare: number[] = []
  const rounds = context.count(5, 1)
  for (let round = 0; round < rounds; round += 1) {
    const rows: SandboxRow[] = []
    try {
      const start = performance.now()
      const sandboxes = await Promise.all(
        Array.from({ length: SESSIONS }, async (_, index) => {
          const row = await provider.provision({
            sessionId: `bench${process.pid}crowd${round}x${index}`,
            generation: 1,
          })
          rows.push(row)
          const sandbox = await attach(provider, row)
          await run(sandbox, 'first')
          cold.push(performance.now() - start)
          return sandbox
        }),
      )
      for (let call = 0; call < context.count(5, 1); call += 1) {
        warm.push(...(await timeAll(sandboxes.map((sandbox) => () => run(sandbox, `call${call}`)))))
        bare.push(...(await timeAll(sandboxes.map(() => least.once))))
      }
    } finally {
      await Promise.all(rows.map((row) => provider.destroy(row)))
    }
  }
  const bareLabel = `${least.name}, ${SESSIONS} at once`
  return [
    { label: `${provider.kind}, cold: ${SESSIONS} sessions at once`, unit: 'ms', samples: cold },
    {
      label: `${provider.kind}, warm: bash in ${SESSIONS} sessions at once`,
      unit: 'ms',
      samples: warm,
      baseline: bareLabel,
    },
    { label: bareLabel, unit: 'ms', samples: bare },
  ]
}

/** All from one start. */
async function timeAll(begins: readonly (() => Promise<unknown>)[]): Promise<readonly number[]> {
  const start = performance.now()
  return await Promise.all(
    begins.map(async (begin) => {
      await begin()
      return performance.now() - start
    }),
  )
}

async function attach(provider: SandboxProvider, row: SandboxRow): Promise<Sandbox> {
  const sandbox = await provider.attach(row)
  if (!sandbox) throw new Error(`expected the ${provider.kind} sandbox that was just made to live`)
  return sandbox
}

async function run(sandbox: Sandbox, id: string): Promise<void> {
  const { reason, code } = await sandbox.run({ ...request, id, shell: 'bash' })
  if (reason !== 'exit' || code !== 0) throw new Error(`expected true to exit with 0, got ${reason} ${code}`)
}
