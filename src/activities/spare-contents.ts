import type { FileContents, FileStore } from '../store/files.ts'

export interface SpareContentsPorts {
  readonly files: Pick<FileStore, 'spare' | 'forget'>
  readonly contents: Pick<FileContents, 'remove'>
  readonly warn: (details: object, message: string) => void
}

const EVERY_MS = 5 * 60_000
/** No upload takes as long: what was begun before and has not become a file never will. */
const UPLOAD_MS = 6 * 60 * 60_000

/**
 * Removes the bytes that no file has: of uploads whose process died, of files that were deleted while the disk was away,
 * of files that have expired. Between two looks, five minutes, it does nothing; `now` is in milliseconds.
 */
export function createSpareContents({ files, contents, warn }: SpareContentsPorts): (now: number) => Promise<void> {
  let looked = -Infinity
  return async (now) => {
    if (now < looked + EVERY_MS) return
    looked = now
    for (const content of await files.spare({ now: new Date(now), begunBefore: new Date(now - UPLOAD_MS) })) {
      try {
        // The bytes first: a row without bytes is found again, bytes without a row are not.
        await contents.remove(content)
        await files.forget(content, new Date(now))
      } catch (error) {
        warn({ err: error, content }, 'bytes of no file not removed; it is tried again')
      }
    }
  }
}
