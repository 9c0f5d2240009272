import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import type { FilePorts } from '../../src/api/file-bytes.ts'
import { createWithFile, openFile } from '../../src/api/file-bytes.ts'
import type { FileRow } from '../../src/store/files.ts'
import { createMemoryContents } from '../support/memory-contents.ts'
import { buildFile } from '../suites/file-store.ts'

const CHUNKS = ['one ', 'two ', 'three'].map((text) => Buffer.from(text))
const ALL = Buffer.concat(CHUNKS)
const SHA256 = createHash('sha256').update(ALL).digest('hex')

function scene(chunks: readonly Buffer[] = CHUNKS, change: Partial<FileRow> = {}) {
  const contents = { ...createMemoryContents(), open: async () => Readable.from(chunks) }
  const file = buildFile('default', { sha256: SHA256, size: ALL.length, ...change })
  const rows = new Map([[file.id, file]])
  const files: FilePorts['files'] = { read: async (_, id) => rows.get(id) ?? null }
  return { ports: { contents, files }, file, rows }
}

describe('the bytes of a file', () => {
  test('are all there when nothing is wrong with them', async () => {
    const { ports, file } = scene()
    expect(await createWithFile(ports)(file, async (bytes) => bytes.toString())).toBe('one two three')
    const empty = scene([], { sha256: createHash('sha256').digest('hex') })
    expect(await createWithFile(empty.ports)(empty.file, async ({ length }) => length)).toBe(0)
  })

  test('that were altered never come whole', async () => {
    const { ports, file } = scene([...CHUNKS.slice(0, 2), Buffer.from('thre3')])
    const come: string[] = []
    const reading = async (): Promise<void> => {
      for await (const chunk of await openFile(ports, file)) come.push(Buffer.from(chunk).toString())
    }
    await expect(reading()).rejects.toMatchObject({ kind: 'api_error', options: { code: 'content_lost' } })
    expect(come).toEqual(['one ', 'two '])
  })

  test('that are not there are told to be lost, those of a file that was deleted or has expired to be gone', async () => {
    const { ports, file, rows } = scene()
    const nothing = { ...ports, contents: { open: async () => null } }
    await expect(openFile(nothing, file)).rejects.toMatchObject({ options: { code: 'content_lost' } })
    rows.clear()
    await expect(openFile(nothing, file)).rejects.toMatchObject({ kind: 'not_found', message: `No file ${file.id}.` })
    const expired = scene(CHUNKS, { expiresAt: new Date(0), content: null })
    await expect(openFile(expired.ports, expired.file)).rejects.toMatchObject({
      kind: 'not_found',
      options: { code: 'file_expired' },
    })
  })

  test('stand in memory for few at once, and each that ends or fails lets the next one in', async () => {
    const { ports, file } = scene()
    const withFile = createWithFile(ports)
    const inside: (() => void)[] = []
    let most = 0
    const users = Array.from({ length: 10 }, (_, index) =>
      withFile(file, async () => {
        await new Promise<void>((resolve) => (most = Math.max(most, inside.push(resolve))))
        if (index % 2 === 0) throw new Error('the store is away')
      }).catch(() => 'failed'),
    )
    for (let left = users.length; left > 0; left--) {
      await expect.poll(() => inside.length).toBe(Math.min(4, left))
      inside.shift()?.()
    }
    expect((await Promise.all(users)).filter((end) => end === 'failed')).toHaveLength(5)
    expect(most).toBe(4)
  })
})
