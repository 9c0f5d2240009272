import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createFolderContents } from '../../src/store/folder-contents.ts'
import { createMemoryContents } from '../support/memory-contents.ts'
import { fileContentsSuite } from '../suites/file-contents.ts'

const folder = await mkdtemp(join(tmpdir(), 'longhand-files-'))
afterAll(() => rm(folder, { recursive: true }))
const root = join(folder, 'data', 'files')

async function* bytes(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text)
}

describe('folder', () => {
  fileContentsSuite(async () => createFolderContents(root))

  test('has one file per content and no draft, for its owner only', async () => {
    const key = randomUUID()
    await createFolderContents(root).write(key, bytes('abc'))
    expect(await readdir(join(root, key))).toEqual(['content'])
    expect((await stat(join(root, key, 'content'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(root, key))).mode & 0o777).toBe(0o700)
  })

  test('does not take what a dead writer has left for a content, and removes it with the content', async () => {
    const [contents, key] = [createFolderContents(root), randomUUID()]
    await contents.write(key, bytes('abc'))
    await rm(join(root, key, 'content'))
    await writeFile(join(root, key, `content.${randomUUID()}`), 'ab')
    expect(await contents.open(key)).toBeNull()
    await contents.remove(key)
    expect(await readdir(root)).not.toContain(key)
  })

  test.each(['..', '../x', '', `${randomUUID()}/..`, randomUUID().toUpperCase(), '/etc', 'a\0'])(
    'reaches nothing outside of itself by the key %j',
    async (key) => {
      const contents = createFolderContents(root)
      const reason = 'expected the key of a content'
      await expect(contents.write(key, bytes('x'))).rejects.toThrow(reason)
      await expect(contents.open(key)).rejects.toThrow(reason)
      await expect(contents.remove(key)).rejects.toThrow(reason)
    },
  )

  test('tells of a disk that fails without its paths', async () => {
    const key = randomUUID()
    await writeFile(join(root, key), 'a file where a folder should be')
    const failure = createFolderContents(root).write(key, bytes('x'))
    await expect(failure).rejects.toThrow(/^store: a file could not be written: \w+$/)
    await expect(failure).rejects.toMatchObject({ name: 'StoreAway' })
  })
})

describe('memory', () => {
  const contents = createMemoryContents()
  fileContentsSuite(async () => contents)
})
