/** What is put into a sandbox and taken out of it, beside what calls do. Nothing the agent can write is opened by path. */
export interface Cargo {
  /**
   * Puts a file at a path below `/mnt/session/uploads`, where the agent can read and not change it. Atomic, and
   * idempotent by path and SHA-256: what is there already is not read from `source`. Rejects as `source` does, and then
   * nothing is to be seen of it; with {@link CargoRefused} when there is no room or the path cannot be had.
   */
  mount(file: MountRequest): Promise<void>
  /** Takes the file at the path away; nothing is fine. */
  unmount(path: string): Promise<void>
  /** What {@link Cargo.mount} put there. */
  mounted(): Promise<readonly MountedFile[]>
  /** Regular files below `/mnt/session/outputs`, hidden ones left out, and those whose names are no UTF-8. */
  listOutputs(): Promise<Outputs>
  /** The bytes of an output, as the agent would read it. Rejects when it is no regular file any more. */
  openOutput(path: string): AsyncIterable<Uint8Array>
  /** Puts a file back among the outputs, in place of what is there; the agent's own. Rejects as `mount` does. */
  putOutput(file: OutputRequest): Promise<void>
  /**
   * `/workspace` as a tar, made as it is read, without what makers have staged there. Reading it rejects with
   * {@link TooLarge} once there are more than `most` bytes.
   */
  exportWorkspace(limits: { readonly most: number }): Exported
  /**
   * Unpacks a tar into `/workspace/.longhand-<maker>`, beside what is there. What leads out of that folder is left out.
   * Rejects as `tar` does, and with {@link CargoRefused} when it cannot be unpacked.
   * @param maker letters and digits; a second stage of the same maker takes the place of the first.
   */
  stage(maker: string, tar: AsyncIterable<Uint8Array>): Promise<Staged>
  /**
   * A hash over paths, sizes, times and modes below `/workspace`: the same while nothing there changes. What a maker has
   * staged and left an hour ago is cleared away.
   */
  probe(): Promise<string>
}

export interface MountRequest {
  /** Absolute, below `/mnt/session/uploads`. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Hexadecimal. */
  readonly sha256: string
  readonly source: () => AsyncIterable<Uint8Array>
}

export interface OutputRequest {
  /** Absolute, below `/mnt/session/outputs`. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  readonly source: () => AsyncIterable<Uint8Array>
}

export interface MountedFile {
  readonly path: string
  readonly sha256: string
}

export interface Output {
  /** Absolute, below `/mnt/session/outputs`. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Of times and inode: another one once the file was written to or replaced. */
  readonly changed: string
}

export interface Outputs {
  /** At most 1,000. */
  readonly files: readonly Output[]
  /** False where there are more than a list holds. */
  readonly areAll: boolean
}

export interface Exported {
  readonly tar: AsyncIterable<Uint8Array>
  /** Complete once `tar` was read to its end. */
  readonly passed: {
    /** Files, folders and links. */
    readonly entries: number
    /** What is none of these. */
    readonly leftOut: number
  }
  /** Whether all of it could be read; to be asked once `tar` was read to its end. */
  readonly isWhole: () => boolean
}

export interface Staged {
  /** Files, folders and links that were unpacked. */
  readonly entries: number
  /** Those that were left out, because they lead outside. */
  readonly leftOut: number
}

/** More bytes than are taken. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge'
}

/** The sandbox lives, but does not take this: its disk is full, or something is in the way. The message says what. */
export class CargoRefused extends Error {
  override readonly name = 'CargoRefused'
}
