import type { TestSandboxes } from '../local-sandboxes.ts'
import { show } from '../local-sandboxes.ts'
import type { RunRequest, Sandbox } from '../../../src/hands/sandbox.ts'

export type SandboxProviderSetup = TestSandboxes

export const limits = { timeoutMs: 30_000, capBytes: 102_400 }
let serial = 0

/** A run with an id of its own. */
export function run(sandbox: Sandbox, command: string, more: Partial<RunRequest> = {}) {
  return sandbox.run({ id: `call_${++serial}`, command, ...limits, ...more })
}

/** Output of a run with an id of its own. */
export async function textOf(sandbox: Sandbox, command: string): Promise<string> {
  return show((await run(sandbox, command)).output)
}

/**
 * Appends to the ledger and to its own output, slowly: a second run would show in both. Behind the last line there is time
 * to kill who waits for it.
 */
export const slow =
  'echo ran >> ledger; for i in 1 2 3 4 5 6; do echo line $i | tee -a progress; sleep 0.1; done; sleep 0.4; exit 7'
export const slowOutput = [1, 2, 3, 4, 5, 6].map((n) => `line ${n}\n`).join('')

/** A command that does nothing; with it a process of its own serves the call. */
export const tooLongForResident = `: ${'x'.repeat(60_000)}`

/** Waits inside the sandbox until this test command succeeds; rejects where it does not in ten minutes. */
export async function until(sandbox: Sandbox, condition: string): Promise<void> {
  const wait = `until ${condition}; do sleep 0.02; done 2>/dev/null`
  const { reason, code } = await run(sandbox, wait, { timeoutMs: 600_000 })
  if (code !== 0) throw new Error(`waited in vain for ${condition}: ${reason}`)
}

let opened: ReturnType<SandboxProviderSetup['open']> | undefined

/** One sandbox for tests that leave nothing behind. */
export function shared(setup: SandboxProviderSetup) {
  opened ??= setup.open()
  return opened
}
