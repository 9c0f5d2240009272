import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createS3Blobs } from '../../../src/store/s3/blobs.ts'
import { PART_BYTES, openBucket } from '../../../src/store/s3/bucket.ts'
import { createS3Contents } from '../../../src/store/s3/contents.ts'
import type { BucketPlace } from '../../../src/store/s3/place.ts'
import { createSealedBlobs } from '../../../src/store/sealed-blobs.ts'
import { createSealedContents } from '../../../src/store/sealed-contents.ts'
import { blobStoreSuite } from '../../suites/blob-store.ts'
import { fileContentsSuite, readAll } from '../../suites/file-contents.ts'
import { openCuttingProxy } from '../../support/cutting-proxy.ts'
import type { S3Server } from '../../support/s3-server.ts'
import { KEYS, findS3Program, startS3Server } from '../../support/s3-server.ts'

const MASTER = Buffer.alloc(32, 7)
const KEY = 'ab'.repeat(32)
const program = await findS3Program()

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

describe.skipIf(program === null)('S3', () => {
  let server: S3Server
  beforeAll(async () => {
    Object.assign(process.env, KEYS)
    if (program !== null) server = await startS3Server(program)
  })
  afterAll(async () => {
    for (const name of Object.keys(KEYS)) delete process.env[name]
    await server?.[Symbol.asyncDispose]()
  })
  const open = async (prefix = '') => openBucket({ ...server.place, prefix })
  const filesIn = async (folder: string) => (existsSync(folder) ? readdir(folder, { recursive: true }) : [])

  describe('plain', () => {
    blobStoreSuite(async () => createS3Blobs(await open()))
    fileContentsSuite(async () => createS3Contents(await open()))
  })

  describe('sealed', () => {
    blobStoreSuite(async () => createSealedBlobs(createS3Blobs(await open('sealed/')), MASTER))
    fileContentsSuite(async () => createSealedContents(createS3Contents(await open('sealed/')), MASTER))
  })

  test('keeps everything below the prefix, and leaves nothing of its trial', async () => {
    const bucket = await open('some/where/')
    await createS3Blobs(bucket).put('sesn_prefixed', KEY, Buffer.from('abc'))
    expect(await readFile(join(server.folder, 'some/where/blobs/sesn_prefixed', KEY), 'utf8')).toBe('abc')
    expect(await readdir(join(server.folder, 'some/where'))).toEqual(['blobs'])
    expect(await createS3Blobs(await open()).sessions()).not.toContain('sesn_prefixed')
  })

  test.each([1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES + 17])(
    'takes %i bytes in one piece or in parts, and answers them',
    async (size) => {
      const [contents, key, bytes] = [createS3Contents(await open()), randomUUID(), randomBytes(size)]
      await contents.write(key, inPieces(bytes, 777_777))
      expect((await readAll(contents, key))?.equals(bytes)).toBe(true)
    },
  )

  test('leaves no part behind of a source that breaks off after some of them', async () => {
    const [contents, key] = [createS3Contents(await open()), randomUUID()]
    async function* broken(): AsyncGenerator<Buffer> {
      yield* inPieces(randomBytes(3 * PART_BYTES), 1_000_000)
      throw new Error('the line broke')
    }
    await expect(contents.write(key, broken())).rejects.toThrow('the line broke')
    expect(await contents.open(key)).toBeNull()
    expect((await filesIn(server.uploads)).filter((name) => name.includes('/'))).toEqual([])
  })

  test('removes with a content what a writer has left of it that died', async () => {
    const [s3, key] = [await import('@aws-sdk/client-s3'), randomUUID()]
    const client = new s3.S3Client({ endpoint: server.url, forcePathStyle: true })
    const place = { Bucket: server.place.bucket, Key: `files/${key}` }
    const { UploadId } = await client.send(new s3.CreateMultipartUploadCommand(place))
    await client.send(new s3.UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: randomBytes(PART_BYTES) }))
    const begun = async () =>
      (await client.send(new s3.ListMultipartUploadsCommand({ Bucket: place.Bucket }))).Uploads?.map((one) => one.Key)
    expect(await begun()).toContain(place.Key)
    await createS3Contents(await open()).remove(key)
    expect(await begun()).toBeUndefined()
  })

  test('lists a session with more blobs than one answer holds, and clears it', async () => {
    const blobs = createS3Blobs(await open())
    const keys = Array.from({ length: 1_001 }, (_, index) => index.toString(16).padStart(64, '0'))
    for (let from = 0; from < keys.length; from += 50) {
      await Promise.all(keys.slice(from, from + 50).map((key) => blobs.put('sesn_many', key, Buffer.of(1))))
    }
    expect((await blobs.list('sesn_many')).toSorted()).toEqual(keys)
    await blobs.clear('sesn_many')
    expect(await blobs.list('sesn_many')).toEqual([])
  })

  test('is asked again where a connection breaks in the middle', async () => {
    await using proxy = await openCuttingProxy(server.url)
    const bucket = await openBucket({ ...server.place, endpoint: proxy.url })
    const bytes = randomBytes(2 * PART_BYTES + 5)
    const [contents, key] = [createS3Contents(bucket), randomUUID()]
    proxy.cutNext(0)
    await contents.write(key, inPieces(bytes, 500_000))
    expect(proxy.hasCut).toBe(true)
    expect((await readAll(contents, key))?.equals(bytes)).toBe(true)
  })

  test('tells whoever reads that the connection broke, also before he began', async () => {
    await using proxy = await openCuttingProxy(server.url)
    const contents = createS3Contents(await openBucket({ ...server.place, endpoint: proxy.url }))
    const key = randomUUID()
    await contents.write(key, inPieces(randomBytes(PART_BYTES - 1), 500_000))
    proxy.cutNext(10_000)
    const stream = await contents.open(key)
    await once(stream ?? Readable.from([]), 'error')
    await expect(stream?.toArray()).rejects.toThrow('aborted')
  })

  test('that goes away is told as a store that is away, without names and addresses', async () => {
    if (program === null) return
    const other = await startS3Server(program)
    const blobs = createS3Blobs(await openBucket(other.place))
    const contents = createS3Contents(await openBucket(other.place))
    await other[Symbol.asyncDispose]()
    const told = {
      name: 'StoreAway',
      message: expect.stringMatching(/^store: something could not be \w+: ECONNREFUSED$/),
    }
    await expect(blobs.put('sesn_away', KEY, Buffer.of(1))).rejects.toMatchObject(told)
    await expect(blobs.get('sesn_away', KEY, 10)).rejects.toMatchObject(told)
    await expect(blobs.sessions()).rejects.toMatchObject(told)
    await expect(contents.write(randomUUID(), inPieces(Buffer.from('abc'), 1))).rejects.toMatchObject(told)
    await expect(contents.remove(randomUUID())).rejects.toMatchObject(told)
  })

  test.each<[string, Record<string, string>, Partial<BucketPlace>, string]>([
    ['another key', { AWS_SECRET_ACCESS_KEY: 'wrong' }, {}, 'SignatureDoesNotMatch'],
    ['no key', { AWS_ACCESS_KEY_ID: '', AWS_EC2_METADATA_DISABLED: 'true' }, {}, 'CredentialsProviderError'],
    ['no such bucket', {}, { bucket: 'nobody-has-this' }, 'NoSuchBucket'],
    ['nobody there', {}, { endpoint: 'http://127.0.0.1:1' }, 'ECONNREFUSED'],
  ])('that cannot be used is told when it is opened: %s', async (_, keys, place, reason) => {
    Object.assign(process.env, keys)
    try {
      await expect(openBucket({ ...server.place, ...place })).rejects.toThrow(
        `the bucket ${place.bucket ?? server.place.bucket} cannot be used: store: something could not be written: ${reason}`,
      )
    } finally {
      Object.assign(process.env, KEYS)
      delete process.env['AWS_EC2_METADATA_DISABLED']
    }
  })
})
