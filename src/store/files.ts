import type { Readable } from 'node:stream'

/** A file of a workspace. Its content is apart from it, so that a copy of the file under another id shares it. */
export interface FileRow {
  readonly id: string
  readonly workspaceId: string
  readonly filename: string
  readonly mimeType: string
  /** Bytes. */
  readonly size: number
  /** Of its bytes, hexadecimal. */
  readonly sha256: string
  /** False for what a client has uploaded: it has that already. */
  readonly downloadable: boolean
  /** The session that it was made in or copied for; null for a file of the workspace. */
  readonly scopeId: string | null
  readonly createdAt: Date
  readonly expiresAt: Date | null
  /** The key of its bytes; null once it has expired and they are gone. */
  readonly content: string | null
}

/** The id of a copy, and of what it is a copy. */
export interface FileCopy {
  readonly id: string
  readonly original: string
}

export interface FileListing {
  readonly limit: number
  readonly from?: { readonly createdAt: Date; readonly id: string }
  readonly scopeId?: string
}

/**
 * Files as rows, newest first; a foreign id reads as null. Every content has a row too, written before its bytes, so
 * that those are found that nobody came to finish or needs any more.
 */
export interface FileStore {
  /** Before the first byte of a content is written. */
  begin(workspaceId: string, content: string): Promise<void>
  /**
   * The file as it is stored; its content was begun and its bytes are durable. Creating it again with the same id
   * answers the one that is there.
   */
  create(file: FileRow): Promise<FileRow>
  /**
   * Copies files for a session, which has them whatever becomes of the originals: under ids of their own, without an end,
   * not to be downloaded. Answers the copies that there are; an original that is not there, of another workspace or
   * expired has none. Copying again changes nothing. Rejects with `SessionBuried` for a deleted session.
   */
  copy(workspaceId: string, sessionId: string, copies: readonly FileCopy[]): Promise<readonly FileRow[]>
  /** A file of a deleted session is not there. */
  read(workspaceId: string, id: string): Promise<FileRow | null>
  /** Those of the ids that name a file, in the order of lists. */
  readAll(workspaceId: string, ids: readonly string[]): Promise<readonly FileRow[]>
  list(workspaceId: string, listing: FileListing): Promise<readonly FileRow[]>
  /** The file that is gone now, with its content only if no other file has it; null for an unknown id. */
  delete(workspaceId: string, id: string): Promise<Pick<FileRow, 'content'> | null>
  /**
   * Contents that no file has, or only files that have expired by `now`: all that were finished, and those begun before
   * `begunBefore` that never were. At most a thousand.
   */
  spare(times: { readonly now: Date; readonly begunBefore: Date }): Promise<readonly string[]>
  /** After the bytes of a spare content were removed. One that a file has is not forgotten; nothing is fine. */
  forget(content: string, now: Date): Promise<void>
}

/** The bytes of files, which never stand in memory whole. */
export interface FileContents {
  /** Durable when it resolves. Rejects as `source` does, and then keeps nothing. */
  write(key: string, source: AsyncIterable<Uint8Array>): Promise<void>
  /**
   * The bytes from the first one on, or null when there are none. What was opened is read to its end although it is
   * removed meanwhile; whether it is what was written is for the caller to check. Whoever opens it reads or destroys it.
   */
  open(key: string): Promise<Readable | null>
  /** Nothing is fine. */
  remove(key: string): Promise<void>
}
