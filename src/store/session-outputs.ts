import type { KnownOutput, OutputPlace } from '../hands/collector.ts'
import type { KeptOutput } from '../hands/stock.ts'
import type { FileRow } from './files.ts'

/** Which file came of which output of a session's sandboxes. One file to a path; they go with their session. */
export interface SessionOutputStore {
  /** All that is in the hand's sandbox, as far as that is known. */
  known(place: OutputPlace): Promise<readonly KnownOutput[]>
  /** Those of them that are files still, to be put into the next sandbox. */
  kept(place: OutputPlace): Promise<readonly KeptOutput[]>
  /**
   * Makes the file that of the output, and deletes the one before, in one step. Where that has the same bytes, or its
   * reader has deleted it since, nothing is made: false. Rejects with `SessionBuried`.
   */
  replace(place: OutputPlace, output: KnownOutput, file: FileRow): Promise<boolean>
  /** They are in the sandbox no more. */
  forget(place: OutputPlace, paths: readonly string[]): Promise<void>
}
