import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import type * as S3 from '@aws-sdk/client-s3'
import { StoreAway } from '../away.ts'
import type { BucketPlace } from './place.ts'

/** What is kept in a bucket under names of its own; failures of the server reject with `StoreAway`, without names. */
export interface Bucket {
  put(name: string, bytes: Uint8Array): Promise<void>
  /** Streams, with at most {@link PART_BYTES} times three in memory. Rejects as `source` does, and then keeps nothing. */
  upload(name: string, source: AsyncIterable<Uint8Array>): Promise<void>
  /** The first bytes, `most` of them or fewer, or null when there is nothing of this name. */
  get(name: string, most: number): Promise<Uint8Array | null>
  /** The bytes from the first one on, or null when there is nothing of this name. */
  open(name: string): Promise<Readable | null>
  has(name: string): Promise<boolean>
  /** Nothing is fine. */
  remove(name: string): Promise<void>
  /** Removes what uploads of this name have left that never came to an end. */
  removeUploads(name: string): Promise<void>
  /** What stands directly below `folder` (which ends in `/`): things by their last names, folders with a `/` behind. */
  list(folder: string): Promise<readonly string[]>
}

/** A bucket that cannot be used as it is configured; the message says what is wrong. */
export class BucketError extends Error {
  override readonly name = 'BucketError'
}

export const PART_BYTES = 8 * 1024 * 1024
const PARTS_AT_ONCE = 2
/** For everything that is no stream. */
const ANSWER_MS = 30_000
const CONNECT_MS = 5_000
/** A stream on which nothing is heard is given up; somebody who reads slowly is heard all the same. */
const SILENCE_MS = 120_000
const UNWRITTEN = 'something could not be written'
const UNREAD = 'something could not be read'
const UNREMOVED = 'something could not be removed'

/**
 * Connects to a bucket and tries it: what it refuses or does not keep shows when a process starts, not when it is
 * needed. The client finds its keys by itself, in its own variables and files. Rejects with {@link BucketError}, also
 * when the packages `@aws-sdk/client-s3` and `@aws-sdk/lib-storage` are not installed.
 */
export async function openBucket(place: BucketPlace): Promise<Bucket> {
  const { bucket, begin } = await connect(place)
  const name = `probe/${randomUUID()}`
  const trials: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['s3:PutObject', () => bucket.put(name, Buffer.from('probe'))],
    ['s3:GetObject', () => demandProbe(bucket.get(name, 10))],
    ['s3:DeleteObject', () => bucket.remove(name)],
    ['s3:ListBucket', () => bucket.list('probe/')],
    ['s3:ListBucketMultipartUploads', () => bucket.removeUploads(name)],
    ['s3:PutObject for an upload in parts', () => begin(name)],
    ['s3:AbortMultipartUpload', () => bucket.removeUploads(name)],
  ]
  for (const [right, attempt] of trials) {
    try {
      await attempt()
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new BucketError(`the bucket ${place.bucket} cannot be used: ${reason}, when ${right} was tried`, { cause })
    }
  }
  return bucket
}

async function demandProbe(reading: Promise<Uint8Array | null>): Promise<void> {
  if ((await reading)?.length !== 5) throw new StoreAway('store: the bucket does not answer what was put into it')
}

interface Connected {
  readonly bucket: Bucket
  /** Begins an upload in parts. */
  readonly begin: (name: string) => Promise<unknown>
}

async function connect(place: BucketPlace): Promise<Connected> {
  const { s3, Upload } = await load()
  const client = createClient(s3, place)
  const at = (name: string): Place => ({ Bucket: place.bucket, Key: place.prefix + name })
  const soon = () => ({ abortSignal: AbortSignal.timeout(ANSWER_MS) })

  const bucket: Bucket = {
    async put(name, bytes) {
      await told(UNWRITTEN, client.send(new s3.PutObjectCommand({ ...at(name), Body: bytes }), soon()))
    },
    async upload(name, source) {
      const watched = watch(source)
      const params = { ...at(name), Body: Readable.from(watched.source, { objectMode: false }) }
      const upload = new Upload({ client, params, partSize: PART_BYTES, queueSize: PARTS_AT_ONCE })
      try {
        await upload.done()
      } catch (error) {
        throw watched.failure() ?? away(UNWRITTEN, error)
      }
    },
    async get(name, most) {
      const Range = `bytes=0-${Math.max(most, 1) - 1}`
      const read = async () => {
        try {
          const { Body } = await client.send(new s3.GetObjectCommand({ ...at(name), Range }), soon())
          return Buffer.from((await Body?.transformToByteArray()) ?? []).subarray(0, most)
        } catch (error) {
          // It is there and empty: there is no range in it.
          if (nameOf(error) === 'InvalidRange') return Buffer.of()
          throw error
        }
      }
      return ifThere(read())
    },
    async open(name) {
      const answer = await ifThere(client.send(new s3.GetObjectCommand(at(name))))
      if (!answer) return null
      if (!(answer.Body instanceof Readable)) return Readable.from([])
      // A connection may break before anybody reads; whoever does is told all the same.
      return answer.Body.on('error', () => undefined)
    },
    has: async (name) => (await ifThere(client.send(new s3.HeadObjectCommand(at(name)), soon()))) !== null,
    async remove(name) {
      await told(UNREMOVED, client.send(new s3.DeleteObjectCommand(at(name)), soon()))
    },
    removeUploads: async (name) => told(UNREMOVED, removeUploads(s3, client, at(name))),
    list: async (folder) => told(UNREAD, list(s3, client, at(folder))),
  }
  const begin = (name: string) => told(UNWRITTEN, client.send(new s3.CreateMultipartUploadCommand(at(name)), soon()))
  return { bucket, begin }
}

type Package = typeof S3
interface Place {
  readonly Bucket: string
  readonly Key: string
}

function createClient(s3: Package, { endpoint, region, pathStyle }: BucketPlace): S3.S3Client {
  return new s3.S3Client({
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    forcePathStyle: pathStyle,
    maxAttempts: 3,
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
    // The checksums of newer clients travel as trailers of chunked bodies, which many servers that are not AWS's refuse.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
}

async function removeUploads(s3: Package, client: S3.S3Client, place: Place): Promise<void> {
  const begun = new s3.ListMultipartUploadsCommand({ Bucket: place.Bucket, Prefix: place.Key })
  const { Uploads = [] } = await client.send(begun, { abortSignal: AbortSignal.timeout(ANSWER_MS) })
  for (const { Key, UploadId } of Uploads) {
    if (Key === place.Key) await client.send(new s3.AbortMultipartUploadCommand({ ...place, UploadId }))
  }
}

async function list(s3: Package, client: S3.S3Client, { Bucket, Key: Prefix }: Place): Promise<readonly string[]> {
  const names: string[] = []
  for await (const page of s3.paginateListObjectsV2({ client }, { Bucket, Prefix, Delimiter: '/' })) {
    for (const { Key } of page.Contents ?? []) if (Key !== undefined) names.push(Key.slice(Prefix.length))
    for (const { Prefix: folder } of page.CommonPrefixes ?? []) {
      if (folder !== undefined) names.push(folder.slice(Prefix.length))
    }
  }
  return names
}

async function load() {
  try {
    const [s3, { Upload }] = await Promise.all([import('@aws-sdk/client-s3'), import('@aws-sdk/lib-storage')])
    return { s3, Upload }
  } catch (cause) {
    const install = 'npm install @aws-sdk/client-s3 @aws-sdk/lib-storage'
    throw new BucketError(`a bucket needs packages that are not installed: ${install}`, { cause })
  }
}

/** Tells a source that broke off from a server that did. */
function watch(source: AsyncIterable<Uint8Array>) {
  let failure: unknown
  async function* watched(): AsyncGenerator<Uint8Array> {
    try {
      yield* source
    } catch (error) {
      failure = error
      throw error
    }
  }
  return { source: watched(), failure: () => failure }
}

async function told<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw away(what, error)
  }
}

/** What fails is told to clients, and names and addresses are none of their business: the code has to do. */
function away(what: string, error: unknown): StoreAway {
  return new StoreAway(`store: ${what}: ${nameOf(error)}`, { cause: error })
}

async function ifThere<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading
  } catch (error) {
    if (nameOf(error) === 'NoSuchKey' || nameOf(error) === 'NotFound') return null
    throw away(UNREAD, error)
  }
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.name
}
