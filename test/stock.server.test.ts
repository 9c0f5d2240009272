import { describe, expect, test } from 'vitest'
import { StockDamaged } from '../src/hands/stock.ts'
import type { FileRow } from '../src/store/files.ts'
import type { Stores } from '../src/store/postgres/stores.ts'
import { createStock } from '../src/stock.ts'
import { hashOf } from './hands/fake-cargo.ts'
import { createSession, newWorkspace } from './store/builders.ts'
import { useStores } from './store/use-postgres.ts'
import { buildFile } from './suites/file-store.ts'
import { createMemoryContents } from './support/memory-contents.ts'

const open = useStores()
const bytes = Buffer.from('the bytes of the file')
const sha256 = hashOf(bytes)

async function build(change: Partial<FileRow> = {}) {
  const stores = await open()
  const contents = createMemoryContents()
  const session = await createSession(stores, await newWorkspace(stores))
  const file = buildFile(session.workspaceId, { sha256, ...change })
  await store(stores, file)
  if (file.content !== null) await contents.write(file.content, of(bytes))
  const stock = createStock(stores, contents)
  return {
    stores,
    contents,
    session,
    file,
    openFile: () => stock.openFile(session.id, { file: file.id, sha256 }),
    stock,
  }
}

async function store({ files }: Stores, file: FileRow): Promise<void> {
  if (file.content !== null) await files.begin(file.workspaceId, file.content)
  await files.create(file)
}

async function* of(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

async function read(source: AsyncIterable<Uint8Array> | null): Promise<string | null> {
  if (source === null) return null
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('the stock', () => {
  test('has the files of the session’s workspace', async () => {
    const { openFile } = await build()
    expect(await read(await openFile())).toBe(bytes.toString())
  })

  test('has none that is another workspace’s, deleted, expired, or without its bytes', async () => {
    const { stores, contents, stock, file, openFile } = await build()
    const other = await createSession(stores, await newWorkspace(stores))
    expect(await stock.openFile(other.id, { file: file.id, sha256 })).toBeNull()
    expect(await stock.openFile('sesn_none', { file: file.id, sha256 })).toBeNull()
    await contents.remove(file.content ?? '')
    expect(await openFile()).toBeNull()
    const deleted = await build()
    await deleted.stores.files.delete(deleted.file.workspaceId, deleted.file.id)
    expect(await deleted.openFile()).toBeNull()
    const expired = await build({ expiresAt: new Date(Date.now() - 1_000), content: null })
    expect(await expired.openFile()).toBeNull()
  })

  test('ends in an error before the last bytes of a file that is not what the log says', async () => {
    const { stock, session, file } = await build()
    const opened = await stock.openFile(session.id, { file: file.id, sha256: hashOf(Buffer.from('else')) })
    await expect(read(opened)).rejects.toThrow(StockDamaged)
  })

  test('has copies of workspaces, checked as files are', async () => {
    const { stock, contents, session } = await build()
    await contents.write('copy', of(bytes))
    const copy = {
      sessionId: session.id,
      hand: 'main',
      generation: 1,
      content: 'copy',
      bytes: 1,
      entries: 1,
      leftOut: 0,
      isWhole: true,
      sha256,
      probe: '',
      at: new Date(),
    }
    expect(await read(await stock.openCopy(copy))).toBe(bytes.toString())
    await expect(read(await stock.openCopy({ ...copy, sha256: '' }))).rejects.toThrow(StockDamaged)
    for (const content of ['gone', null]) expect(await stock.openCopy({ ...copy, content })).toBeNull()
  })

  test('has the outputs of a hand as they were kept', async () => {
    const { stores, stock, session, file } = await build()
    const place = { sessionId: session.id, hand: 'main' }
    const path = '/mnt/session/outputs/a'
    const made = buildFile(session.workspaceId, { scopeId: session.id, sha256, size: 7 })
    await stores.files.begin(session.workspaceId, made.content ?? '')
    await stores.outputs.replace(place, { path, changed: '1' }, made)
    expect(await stock.outputs(session.id, 'main')).toEqual([{ path, file: made.id, size: 7, sha256 }])
    expect(await stock.outputs(session.id, 'web')).toEqual([])
    expect(file.id).not.toBe(made.id)
  })
})
