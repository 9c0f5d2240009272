import type { Cargo } from './cargo.ts'
import { CargoRefused, TooLarge } from './cargo.ts'
import type { KeptSandbox, SandboxLedger } from './ledger.ts'
import type { HandsLog } from './places.ts'
import { MAIN } from './recipe.ts'

export interface StoredCopy {
  readonly content: string
  readonly size: number
  readonly sha256: string
}

/** Where copies of workspaces are kept. */
export interface CopyStore {
  /**
   * Stores the bytes under a new key, which it answers when they are durable, with their number and their SHA-256,
   * hexadecimal. Rejects as `source` does.
   */
  write(workspaceId: string, source: AsyncIterable<Uint8Array>): Promise<StoredCopy>
  /** Drops what turned out to be no copy. Nothing is fine. */
  drop(content: string): Promise<void>
}

interface CopyOptions {
  readonly ledger: Pick<SandboxLedger, 'latestExport' | 'exported' | 'passedOver'>
  readonly copies: CopyStore
  /** Bytes of a workspace, at most. */
  readonly most: number
  readonly log: HandsLog
  /** Aborting it breaks a copy off. */
  readonly signal: AbortSignal
}

const NO_BYTES = { content: null, bytes: 0, entries: 0, leftOut: 0, isWhole: true, sha256: '' } as const

/**
 * Keeps a copy of the workspace as it is, in place of the one before. One that has not changed since is not copied again;
 * one that is too large leaves what there is. Where a call was bound meanwhile nothing is kept. False when there is no
 * copy to be had though it would not be too large.
 */
export async function keepCopy(
  { row, workspaceId, usedAt }: KeptSandbox,
  cargo: Cargo,
  options: CopyOptions,
): Promise<boolean> {
  const { ledger, copies, most, log, signal } = options
  const { sessionId, hand = MAIN, generation } = row
  const probe = await cargo.probe()
  const last = await ledger.latestExport(sessionId, hand)
  if (last !== null && last.generation === generation && last.probe === probe) {
    await ledger.exported(last, usedAt)
    return true
  }
  const copy = { sessionId, hand, generation, probe }
  try {
    const { tar, passed, isWhole } = cargo.exportWorkspace({ most })
    const { content, size: bytes, sha256 } = await copies.write(workspaceId, untilAborted(tar, signal))
    const { entries, leftOut } = passed
    const made = { ...copy, content, bytes, entries, leftOut, isWhole: isWhole(), sha256 }
    if (!(await ledger.exported(made, usedAt))) await copies.drop(content)
    return true
  } catch (error) {
    if (!(error instanceof TooLarge || error instanceof CargoRefused)) throw error
    log.warn({ sessionId, hand, generation, reason: error.message }, 'no copy of the workspace')
    // An older copy is more than none.
    if (last !== null || error instanceof CargoRefused) await ledger.passedOver(row, usedAt)
    else await ledger.exported({ ...copy, ...NO_BYTES }, usedAt)
    return error instanceof TooLarge
  }
}

async function* untilAborted(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of source) {
    signal.throwIfAborted()
    yield chunk
  }
}
