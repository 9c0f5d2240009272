import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createFolderBlobs } from '../../src/store/folder-blobs.ts'
import { createMemoryBlobs } from '../support/memory-blobs.ts'
import { blobStoreSuite } from '../suites/blob-store.ts'

const KEY = 'ab'.repeat(32)
const folder = await mkdtemp(join(tmpdir(), 'longhand-blobs-'))
afterAll(() => rm(folder, { recursive: true }))
const root = join(folder, 'data', 'blobs')

describe('folder', () => {
  blobStoreSuite(async () => createFolderBlobs(root))

  test('has a file per blob and no draft, for its owner only', async () => {
    const blobs = createFolderBlobs(root)
    await blobs.put('sesn_files', KEY, Buffer.from('abc'))
    expect(await readdir(join(root, 'sesn_files'))).toEqual([KEY])
    expect((await stat(join(root, 'sesn_files', KEY))).mode & 0o777).toBe(0o600)
    expect((await stat(join(root, 'sesn_files'))).mode & 0o777).toBe(0o700)
  })

  test('that is not there yet has no sessions, and no file in it is one', async () => {
    const elsewhere = join(folder, 'elsewhere')
    expect(await createFolderBlobs(elsewhere).sessions()).toEqual([])
    await mkdir(join(elsewhere, 'lost+found'), { recursive: true })
    await createFolderBlobs(elsewhere).put('sesn_one', KEY, Buffer.of(1))
    expect(await createFolderBlobs(elsewhere).sessions()).toEqual(['sesn_one'])
  })

  test('does not take what a dead writer has left for a blob, and removes it with the session', async () => {
    const blobs = createFolderBlobs(root)
    await blobs.put('sesn_dead', KEY, Buffer.from('abc'))
    await writeFile(join(root, 'sesn_dead', `${'cd'.repeat(32)}.draft`), 'ab')
    expect(await blobs.list('sesn_dead')).toEqual([KEY])
    await blobs.clear('sesn_dead')
    expect(await readdir(root)).not.toContain('sesn_dead')
  })

  test.each(['..', '../x', 'sesn_../x', 'sesn_a/b', '', 'sesn_', 'sesn_a\0', '/etc'])(
    'reaches nothing outside of itself by the session %j',
    async (session) => {
      const blobs = createFolderBlobs(root)
      const reason = 'expected the id of a session'
      await expect(blobs.put(session, KEY, Buffer.of())).rejects.toThrow(reason)
      await expect(blobs.get(session, KEY, 1)).rejects.toThrow(reason)
      await expect(blobs.has(session, KEY)).rejects.toThrow(reason)
      await expect(blobs.list(session)).rejects.toThrow(reason)
      await expect(blobs.clear(session)).rejects.toThrow(reason)
    },
  )

  test.each(['..', `../${KEY}`, 'x', KEY.toUpperCase(), `${KEY}/`])('has no blob named %j', async (key) => {
    await expect(createFolderBlobs(root).get('sesn_a', key, 1)).rejects.toThrow('expected the SHA-256')
  })

  test('tells of a disk that fails without its paths', async () => {
    const blobs = createFolderBlobs(root)
    await mkdir(root, { recursive: true })
    await writeFile(join(root, 'sesn_file'), 'no folder')
    const failures = [
      blobs.put('sesn_file', KEY, Buffer.of(1)),
      blobs.get('sesn_file', KEY, 1),
      blobs.list('sesn_file'),
    ]
    for (const settled of await Promise.allSettled(failures)) {
      const message = expect.stringMatching(/^store: a blob could not be (written|read): E[A-Z]+$/)
      expect(settled).toMatchObject({ status: 'rejected', reason: { message } })
    }
  })
})

const memory = createMemoryBlobs()
describe('memory', () => {
  blobStoreSuite(async () => memory)
})
