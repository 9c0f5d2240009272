import { setTimeout as sleep } from 'node:timers/promises'
import type { SandboxBindings, SandboxRow } from './bindings.ts'
import { HandsUnavailable } from './hands.ts'
import { MAIN } from './recipe.ts'
import type { Sandbox } from './sandbox.ts'
import { SandboxLost } from './sandbox.ts'

interface Retired {
  readonly row: SandboxRow
  /** Null when it is gone. */
  readonly sandbox: Pick<Sandbox, 'busy'> | null
}

const LOOKS = 4
const LOOK_MS = 250

/**
 * A call that was bound before may have begun in a sandbox just when that was put away: whoever did sees it too, and gives
 * the sandbox back. Answers what is current once that is known, or null where nothing runs: then another may take its
 * place. Rejects with `HandsUnavailable` when the command goes on and nobody gives it back, and with the signal's reason.
 */
export async function awaitRevival(
  { row, sandbox }: Retired,
  bindings: Pick<SandboxBindings, 'current'>,
  signal: AbortSignal,
): Promise<SandboxRow | null> {
  const { sessionId, hand = MAIN, generation } = row
  if (!row.retired || sandbox === null) return null
  for (let look = 0; look < LOOKS; look++) {
    if (!(await isBusy(sandbox))) return null
    await sleep(LOOK_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
    const present = await bindings.current(sessionId, hand)
    if (present !== null && (!present.retired || present.generation !== generation)) return present
  }
  throw new HandsUnavailable(`the sandbox of ${sessionId} is being put away, and a command runs there`)
}

async function isBusy(sandbox: Pick<Sandbox, 'busy'>): Promise<boolean> {
  try {
    return await sandbox.busy()
  } catch (error) {
    if (error instanceof SandboxLost) return false
    throw error
  }
}
