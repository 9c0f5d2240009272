import type { WorkspaceExport } from './ledger.ts'
import type { Supply } from './recipe.ts'

/** An output of a hand's sandboxes as it was kept, to be put back. */
export interface KeptOutput {
  /** Absolute, below `/mnt/session/outputs`. */
  readonly path: string
  /** Id of the file that it became. */
  readonly file: string
  /** Bytes. */
  readonly size: number
  /** Hexadecimal. */
  readonly sha256: string
}

/**
 * The bytes that are put into sandboxes, of the session's own workspace alone. Null for what is not there. What is read
 * ends in {@link StockDamaged} before its last bytes come when they are not those that were stored.
 */
export interface Stock {
  openFile(sessionId: string, file: Pick<Supply, 'file' | 'sha256'>): Promise<AsyncIterable<Uint8Array> | null>
  openCopy(copy: WorkspaceExport): Promise<AsyncIterable<Uint8Array> | null>
  outputs(sessionId: string, hand: string): Promise<readonly KeptOutput[]>
}

export class StockDamaged extends Error {
  override readonly name = 'StockDamaged'
}
