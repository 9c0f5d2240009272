import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openBucket } from '../../../src/store/s3/bucket.ts'
import { KEYS } from '../../support/s3-server.ts'

const ID = '<UploadId>1</UploadId>'

/** A bucket in memory that takes every signature and has at most one upload in parts; what matches `refused` it denies. */
async function startBucket(refused: RegExp | null) {
  const things = new Map<string, Buffer>()
  let upload: string | null = null

  async function answer(asked: string, key: string, incoming: IncomingMessage): Promise<Buffer | string | null> {
    const body = await buffer(incoming)
    switch (asked) {
      case 'PUT object':
        things.set(key, body)
        return ''
      case 'GET object':
        return things.get(key) ?? null
      case 'DELETE object':
        things.delete(key)
        return ''
      case 'GET list':
        return '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>'
      case 'POST uploads':
        upload = key
        return `<InitiateMultipartUploadResult>${ID}</InitiateMultipartUploadResult>`
      case 'GET uploads': {
        const begun = upload === null ? '' : `<Upload><Key>${upload}</Key>${ID}</Upload>`
        return `<ListMultipartUploadsResult>${begun}</ListMultipartUploadsResult>`
      }
      case 'DELETE upload':
        upload = null
        return ''
      default:
        return null
    }
  }

  const server = createServer((incoming, outgoing) => {
    const { pathname, searchParams } = new URL(incoming.url ?? '', 'http://bucket.test')
    const kind = searchParams.has('list-type')
      ? 'list'
      : ['uploads', 'uploadId'].find((name) => searchParams.has(name))?.replace('Id', '')
    const asked = `${incoming.method} ${kind ?? 'object'}`
    if (refused?.test(asked)) outgoing.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>')
    else {
      void answer(asked, pathname.slice('/agents/'.length), incoming).then((said) =>
        outgoing.writeHead(said === null ? 404 : 200).end(said ?? '<Error><Code>NoSuchKey</Code></Error>'),
      )
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    place: { bucket: 'agents', prefix: 'x/', endpoint: `http://127.0.0.1:${port}`, pathStyle: true },
    left: () => [...things.keys(), ...(upload === null ? [] : [upload])],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

beforeEach(() => void Object.assign(process.env, KEYS))
afterEach(() => {
  for (const name of Object.keys(KEYS)) delete process.env[name]
})

describe('a bucket', () => {
  test('is tried with all that is asked of it, and nothing is left of that', async () => {
    await using server = await startBucket(null)
    await openBucket(server.place)
    expect(server.left()).toEqual([])
  })

  test.each([
    [/^PUT object/, 'something could not be written: AccessDenied, when s3:PutObject was tried'],
    [/^GET object/, 'something could not be read: AccessDenied, when s3:GetObject was tried'],
    [/^DELETE object/, 'something could not be removed: AccessDenied, when s3:DeleteObject was tried'],
    [/^GET list/, 'something could not be read: AccessDenied, when s3:ListBucket was tried'],
    [/^GET uploads/, 'something could not be removed: AccessDenied, when s3:ListBucketMultipartUploads was tried'],
    [
      /^POST uploads/,
      'something could not be written: AccessDenied, when s3:PutObject for an upload in parts was tried',
    ],
    [/^DELETE upload/, 'something could not be removed: AccessDenied, when s3:AbortMultipartUpload was tried'],
  ])('that refuses %s is told when it is opened', async (refused, reason) => {
    await using server = await startBucket(refused)
    await expect(openBucket(server.place)).rejects.toThrow(`the bucket agents cannot be used: store: ${reason}`)
  })
})
