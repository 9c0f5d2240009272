import { describe, expect, test } from 'vitest'
import type { KnownOutput, OutputPlace, OutputShelf, TakenBytes } from '../src/hands/collector.ts'
import { createOutputShelf } from '../src/output-shelf.ts'
import type { FileRow } from '../src/store/files.ts'
import { buildSession } from './store/builders.ts'
import { createMemoryContents } from './support/memory-contents.ts'
import { createMemoryFiles } from './support/memory-files.ts'

const place = { sessionId: 'sesn_1', hand: 'main' }

function open() {
  const [files, contents] = [createMemoryFiles(), createMemoryContents()]
  const kept: { readonly output: KnownOutput; readonly file: FileRow }[] = []
  const index = { isNew: true }
  const outputs = {
    known: async () => [],
    kept: async () => [],
    replace: async (_: OutputPlace, output: KnownOutput, file: FileRow) => {
      if (index.isNew) kept.push({ output, file })
      return index.isNew
    },
    forget: async () => undefined,
  }
  const row = { isThere: true }
  const session = buildSession('wrkspc_1', { id: 'sesn_1' })
  const sessions = { find: async () => (row.isThere ? session : null) }
  return {
    files,
    contents,
    kept,
    index,
    row,
    shelf: createOutputShelf({ stores: { files, outputs, sessions }, contents }),
  }
}

async function take(shelf: OutputShelf, ...parts: readonly string[]): Promise<TakenBytes> {
  const taken = await shelf.take('sesn_1', bytes(...parts))
  if (!taken) throw new Error('expected a session that is there')
  return taken
}

async function* bytes(...parts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part)
}

describe('an output', () => {
  test('becomes a file of its session that can be downloaded', async () => {
    const { contents, kept, shelf } = open()
    const taken = await take(shelf, 'ab', 'c')
    await shelf.keep(place, { path: '/mnt/session/outputs/deep/report.csv', changed: '1' }, taken)
    expect(kept).toEqual([
      {
        output: { path: '/mnt/session/outputs/deep/report.csv', changed: '1' },
        file: {
          id: expect.stringMatching(/^file_01/),
          workspaceId: 'wrkspc_1',
          filename: 'report.csv',
          mimeType: 'text/csv',
          size: 3,
          sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
          downloadable: true,
          scopeId: 'sesn_1',
          createdAt: expect.any(Date),
          expiresAt: null,
          content: taken.content,
        },
      },
    ])
    expect(contents.contents.get(taken.content)?.toString()).toBe('abc')
  })

  test.each([
    ['-rf', '-rf', 'application/octet-stream'],
    ['a "b".PNG', 'a _b_.PNG', 'image/png'],
    ['line\nbreak.txt', 'line_break.txt', 'text/plain'],
    ['back\\slash', 'back_slash', 'application/octet-stream'],
    ['🙂'.repeat(60), '🙂'.repeat(60), 'application/octet-stream'],
  ])('called %j is the file %j', async (name, filename, mimeType) => {
    const { kept, shelf } = open()
    await shelf.keep(place, { path: `/mnt/session/outputs/${name}`, changed: '1' }, await take(shelf))
    expect(kept[0]?.file).toMatchObject({ filename, mimeType, size: 0 })
  })

  test('leaves no bytes when it breaks off, is dropped, or is what was there', async () => {
    const { contents, files, index, shelf } = open()
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half')
      throw new Error('lost')
    }
    await expect(shelf.take('sesn_1', broken())).rejects.toThrow('lost')
    await shelf.drop(await take(shelf, 'a'))
    index.isNew = false
    await shelf.keep(place, { path: '/mnt/session/outputs/a', changed: '1' }, await take(shelf, 'a'))
    expect([contents.contents.size, files.begun.size]).toEqual([0, 0])
  })

  test('of a deleted session is not read, nor kept when it was read before', async () => {
    const { shelf, files, contents, kept, ...world } = open()
    const taken = await take(shelf, 'a')
    world.row.isThere = false
    await shelf.keep(place, { path: '/mnt/session/outputs/a', changed: '1' }, taken)
    expect(await shelf.take('sesn_1', bytes('a'))).toBeNull()
    expect([files.begun.size, contents.contents.size, kept.length]).toEqual([0, 0, 0])
  })
})
