import { join } from 'node:path'
import type { Config } from './config.ts'
import { StartError } from './dev/start-error.ts'
import type { BlobStore } from './history/blobs.ts'
import type { FileContents } from './store/files.ts'
import { createFolderBlobs } from './store/folder-blobs.ts'
import { createFolderContents } from './store/folder-contents.ts'
import { createGuardedBlobs } from './store/guarded-blobs.ts'
import { createS3Blobs } from './store/s3/blobs.ts'
import type { Bucket } from './store/s3/bucket.ts'
import { BucketError, openBucket } from './store/s3/bucket.ts'
import { createS3Contents } from './store/s3/contents.ts'
import { readBucketPlace } from './store/s3/place.ts'
import { createSealedBlobs } from './store/sealed-blobs.ts'
import { createSealedContents } from './store/sealed-contents.ts'
import type { SessionStore } from './store/sessions.ts'

/** What is too large for payloads and rows. */
export interface Bytes {
  /** The large parts of logs, of all sessions. */
  readonly blobs: BlobStore
  /** The bytes of all files. */
  readonly contents: FileContents
}

/**
 * Opens the folder or the bucket that every api and worker needs the same one of; what goes into it is encrypted where
 * payloads are. Rejects with `StartError` when a bucket cannot be used.
 */
export async function openBytes(
  { blobs: place, data, codecKey }: Pick<Config, 'blobs' | 'data' | 'codecKey'>,
  sessions: Pick<SessionStore, 'find'>,
): Promise<Bytes> {
  const bare = await openPlace(place ?? data)
  const blobs = codecKey ? createSealedBlobs(bare.blobs, codecKey) : bare.blobs
  return {
    blobs: createGuardedBlobs(blobs, sessions),
    contents: codecKey ? createSealedContents(bare.contents, codecKey) : bare.contents,
  }
}

async function openPlace(place: string): Promise<Bytes> {
  const address = readBucketPlace(place)
  if (!address) {
    return { blobs: createFolderBlobs(join(place, 'blobs')), contents: createFolderContents(join(place, 'files')) }
  }
  let bucket: Bucket
  try {
    bucket = await openBucket(address)
  } catch (cause) {
    if (!(cause instanceof BucketError)) throw cause
    throw new StartError(cause.message, 'Look at LONGHAND_BLOBS and at the keys that the AWS SDK finds.', { cause })
  }
  return { blobs: createS3Blobs(bucket), contents: createS3Contents(bucket) }
}
