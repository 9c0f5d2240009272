import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import Anthropic, { toFile } from '@anthropic-ai/sdk'
import { describe, expect, test } from 'vitest'
import { newId } from '../store/builders.ts'
import { buildFile } from '../suites/file-store.ts'
import { collect, refused } from './drive.ts'
import { useStack } from './use-stack.ts'

const use = useStack({ apis: 2 })

type Metadata = Anthropic.Beta.BetaFileMetadata

async function upload(name: string, bytes: Buffer, type?: string, sdk = use().stack.sdk): Promise<Metadata> {
  return sdk.beta.files.upload({ file: await toFile(bytes, name, type === undefined ? {} : { type }) })
}

/** A client of a workspace of its own. */
async function openWorkspace(): Promise<{ readonly id: string; readonly sdk: Anthropic }> {
  const { stores, urls } = use().stack
  const [id, secret] = [newId('wrkspc'), newId('lh')]
  await stores.keys.createWorkspace(id, id)
  await stores.keys.create({ id: newId('key'), name: id, workspaceId: id }, secret)
  return { id, sdk: new Anthropic({ baseURL: urls[1] ?? '', apiKey: secret, maxRetries: 0 }) }
}

/** A file as a session's tools will make it: it can be downloaded. */
async function make(bytes: Buffer, change: Parameters<typeof buildFile>[1] = {}): Promise<string> {
  const { stores, contents } = use().stack
  const content = randomUUID()
  await stores.files.begin('default', content)
  await contents.write(content, Readable.from([bytes]))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const about = { downloadable: true, size: bytes.length, sha256, createdAt: new Date() }
  return (await stores.files.create(buildFile('default', { content, ...about, ...change }))).id
}

describe('a file', () => {
  test('is uploaded, read by every api process, listed and deleted', async () => {
    const { stack } = use()
    const [, second] = stack.clients
    const bytes = randomBytes(300_000)
    const file = await upload('folder/data.bin', bytes)
    expect(file).toEqual({
      id: expect.stringMatching(/^file_01/),
      type: 'file',
      filename: 'data.bin',
      mime_type: 'application/octet-stream',
      size_bytes: bytes.length,
      created_at: expect.stringMatching(/Z$/),
      downloadable: false,
      expires_at: null,
      scope: null,
    })
    expect(await second?.beta.files.retrieveMetadata(file.id)).toEqual(file)
    expect((await second?.beta.files.list())?.data[0]).toEqual(file)
    expect([...stack.contents.contents.values()].some((stored) => stored.equals(bytes))).toBe(true)

    expect(await second?.beta.files.delete(file.id)).toEqual({ id: file.id, type: 'file_deleted' })
    for (const ask of ['retrieveMetadata', 'delete'] as const) {
      expect(await refused(stack.sdk.beta.files[ask](file.id))).toBeInstanceOf(Anthropic.NotFoundError)
    }
    expect([...stack.contents.contents.values()].some((stored) => stored.equals(bytes))).toBe(false)
  })

  test('that was uploaded cannot be downloaded, one that was made can, byte by byte', async () => {
    const { sdk } = use().stack
    const file = await upload('a.txt', Buffer.from('abc'), 'text/plain')
    const error = await refused(sdk.beta.files.download(file.id))
    expect(error).toBeInstanceOf(Anthropic.FileNotDownloadableError)
    expect(error).toMatchObject({ status: 400 })

    const bytes = randomBytes(3_000_000)
    const made = await make(bytes, { filename: 'naïve “plan”.html', mimeType: 'text/html', scopeId: 'sesn_x' })
    const response = await sdk.beta.files.download(made)
    expect(response.headers.get('content-type')).toBe('text/html')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('content-disposition')).toBe(
      `attachment; filename*=UTF-8''${encodeURIComponent('naïve “plan”.html')}`,
    )
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true)
  })

  test('that was altered on the disk is not downloaded whole', async () => {
    const { stack } = use()
    const bytes = randomBytes(500_000)
    const made = await make(bytes)
    const [key = ''] = [...stack.contents.contents].find(([, stored]) => stored.equals(bytes)) ?? []
    const told = { status: 500, message: expect.stringContaining('missing or damaged') }
    stack.contents.contents.set(key, Buffer.concat([bytes.subarray(1), Buffer.of(0)]))
    expect(await refused(stack.sdk.beta.files.download(made))).toMatchObject(told)
    stack.contents.contents.delete(key)
    expect(await refused(stack.sdk.beta.files.download(made))).toMatchObject(told)
  })

  test('expires when its client says so', async () => {
    const { stack } = use()
    const before = Date.now()
    const file = await stack.sdk.beta.files.upload({ file: await toFile(Buffer.of(1), 'x'), expires_in_seconds: 3600 })
    const at = Date.parse(file.expires_at ?? '')
    expect(at).toBeGreaterThanOrEqual(before + 3_600_000)
    expect(at).toBe(Date.parse(file.created_at) + 3_600_000)
    const expired = await make(Buffer.of(1, 2, 3), { expiresAt: new Date(Date.now() - 1) })
    const error = await refused(stack.sdk.beta.files.download(expired))
    expect(error).toBeInstanceOf(Anthropic.FileExpiredError)
    expect(error).toMatchObject({ status: 404 })
    expect((await stack.sdk.beta.files.retrieveMetadata(expired)).expires_at).not.toBeNull()
  })

  test('of another workspace is not there', async () => {
    const { stack } = use()
    const [own, other] = [await upload('mine', Buffer.from('mine')), await openWorkspace()]
    const missing = 'file_01missing'
    for (const ask of [
      (id: string) => other.sdk.beta.files.retrieveMetadata(id),
      (id: string) => other.sdk.beta.files.download(id),
      (id: string) => other.sdk.beta.files.delete(id),
    ]) {
      const [foreign, gone] = [await refused(ask(own.id)), await refused(ask(missing))]
      expect(
        String(foreign)
          .replaceAll(own.id, 'ID')
          .replace(/req_\w+/, ''),
      ).toEqual(
        String(gone)
          .replaceAll(missing, 'ID')
          .replace(/req_\w+/, ''),
      )
      expect(foreign).toMatchObject({ status: 404 })
    }
    expect(await collect(other.sdk.beta.files.list())).toEqual([])
    expect(await collect(other.sdk.beta.files.list({ ids: [own.id] }))).toEqual([])
    expect(await stack.sdk.beta.files.retrieveMetadata(own.id)).toEqual(own)
  })
})

describe('the list of files', () => {
  test('is walked page by page, newest first, whole and by session', async () => {
    const { id, sdk } = await openWorkspace()
    const files: string[] = []
    for (let n = 0; n < 7; n++) files.unshift((await upload(`${n}.txt`, Buffer.of(n), 'text/plain', sdk)).id)
    const walked = await collect(sdk.beta.files.list({ limit: 3 }))
    expect(walked.map((file) => file.id).toSorted()).toEqual(files.toSorted())
    const ages = walked.map(({ created_at: at }) => at)
    expect(ages).toEqual(ages.toSorted().toReversed())

    const { stores } = use().stack
    const content = randomUUID()
    await stores.files.begin(id, content)
    const made = await stores.files.create(buildFile(id, { content, scopeId: 'sesn_7' }))
    expect((await sdk.beta.files.list({ scope_id: 'sesn_7' })).data).toMatchObject([
      { id: made.id, scope: { type: 'session', id: 'sesn_7' } },
    ])
    expect((await sdk.beta.files.list({ scope_id: 'sesn_8' })).data).toEqual([])
  })

  test('of ids is one page of those that are there', async () => {
    const { sdk } = await openWorkspace()
    const files = [await upload('a', Buffer.of(1), undefined, sdk), await upload('b', Buffer.of(2), undefined, sdk)]
    const ids = files.map(({ id }) => id)
    const page = await sdk.beta.files.list({ ids: [...ids, ...ids, 'file_01missing'] })
    expect(page.data.map(({ id }) => id).toSorted()).toEqual(ids.toSorted())
    expect(page.next_page).toBeNull()
    for (const query of [
      { ids, limit: 3 },
      { ids, page: 'x' },
      { ids: Array.from({ length: 101 }, (_, n) => `file_${n}`) },
      { limit: 1001 },
      { limit: 0 },
      { page: 'nonsense' },
    ]) {
      expect(await refused(sdk.beta.files.list(query))).toBeInstanceOf(Anthropic.BadRequestError)
    }
  })
})

describe('an upload that is sent again', () => {
  test('is the same file, and its bytes are kept once', async () => {
    const { stack } = use()
    const bytes = randomBytes(1000)
    const headers = { 'idempotency-key': newId('again') }
    const send = async (): Promise<Metadata> =>
      stack.sdk.beta.files.upload({ file: await toFile(bytes, 'again.bin') }, { headers })
    const [first, second] = [await send(), await send()]
    expect(second).toEqual(first)
    const kept = [...stack.contents.contents.values()].filter((stored) => stored.equals(bytes))
    expect(kept).toHaveLength(1)
    const together = await Promise.all([send(), send(), send(), send()])
    expect(new Set(together.map(({ id }) => id))).toEqual(new Set([first.id]))

    const other = stack.sdk.beta.files.upload({ file: await toFile(randomBytes(1000), 'again.bin') }, { headers })
    expect(await refused(other)).toMatchObject({ status: 409 })
    const later = new Date(Date.now() + 60_000)
    expect(await stack.stores.files.spare({ now: new Date(0), begunBefore: later })).toEqual([])
  })
})
