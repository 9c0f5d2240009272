import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { FileRow, FileStore } from '../../src/store/files.ts'
import { after, newId, noon } from '../store/builders.ts'
import { byAge, walk } from '../store/walk.ts'

/** A store, and workspaces that nobody else uses. */
export interface FileStoreWorld {
  readonly files: FileStore
  readonly newWorkspace: () => Promise<string>
}

const NEVER = after(-1e9)
// The module may have been loaded long before its tests run.
const LATER = new Date(Date.now() + 24 * 3_600_000)

export function buildFile(workspaceId: string, change: Partial<FileRow> = {}): FileRow {
  return {
    id: newId('file'),
    workspaceId,
    filename: 'notes.txt',
    mimeType: 'text/plain',
    size: 12,
    sha256: 'ab'.repeat(32),
    downloadable: false,
    scopeId: null,
    createdAt: noon,
    expiresAt: null,
    content: randomUUID(),
    ...change,
  }
}

async function store({ files }: FileStoreWorld, file: FileRow): Promise<FileRow> {
  if (file.content !== null) await files.begin(file.workspaceId, file.content)
  return files.create(file)
}

/** What every store of files does. */
export function fileStoreSuite(open: () => Promise<FileStoreWorld>): void {
  describe('file store', () => {
    test('reads what was created, in its workspace only', async () => {
      const world = await open()
      const [own, foreign] = [await world.newWorkspace(), await world.newWorkspace()]
      const change = { downloadable: true, scopeId: 'sesn_1', expiresAt: after(9), size: 5_000_000_000 }
      const file = buildFile(own, change)
      expect(await store(world, file)).toEqual(file)
      expect(await world.files.read(own, file.id)).toEqual(file)
      expect(await world.files.read(foreign, file.id)).toBeNull()
      expect(await world.files.readAll(own, [file.id, 'file_none'])).toEqual([file])
      expect(await world.files.readAll(foreign, [file.id])).toEqual([])
      expect(await world.files.readAll(own, [])).toEqual([])
      expect(await world.files.list(foreign, { limit: 9 })).toEqual([])
    })

    test('answers the file that is there when it is created again', async () => {
      const world = await open()
      const file = buildFile(await world.newWorkspace())
      await store(world, file)
      const again = { ...file, filename: 'other', content: randomUUID() }
      expect(await store(world, again)).toEqual(file)
      expect(await world.files.read(file.workspaceId, file.id)).toEqual(file)
    })

    test('lists page by page, newest first, and those of a session alone', async () => {
      const world = await open()
      const workspace = await world.newWorkspace()
      const ages = [0, 3, 3, 3, 1, 7, 2, 2]
      const all = ages.map((seconds, index) =>
        buildFile(workspace, { createdAt: after(seconds), scopeId: index % 2 === 0 ? 'sesn_1' : null }),
      )
      for (const file of all) await store(world, file)
      const newest = all.toSorted(byAge).toReversed()
      for (const limit of [1, 2, 3, 8, 9]) {
        const walked = await walk<FileRow>((from) => world.files.list(workspace, { limit, ...(from ? { from } : {}) }))
        expect(walked).toEqual(newest)
      }
      const scoped = await world.files.list(workspace, { limit: 99, scopeId: 'sesn_1' })
      expect(scoped).toEqual(newest.filter(({ scopeId }) => scopeId === 'sesn_1'))
    })

    test('deletes once, in its workspace only', async () => {
      const world = await open()
      const file = buildFile(await world.newWorkspace())
      await store(world, file)
      expect(await world.files.delete(await world.newWorkspace(), file.id)).toBeNull()
      expect(await world.files.delete(file.workspaceId, file.id)).toEqual({ content: file.content })
      expect(await world.files.delete(file.workspaceId, file.id)).toBeNull()
      expect(await world.files.read(file.workspaceId, file.id)).toBeNull()
    })

    test('keeps a content while another file has it', async () => {
      const world = await open()
      const file = buildFile(await world.newWorkspace())
      const copy = { ...file, id: newId('file'), scopeId: 'sesn_1' }
      const content = file.content ?? ''
      await store(world, file)
      await world.files.create(copy)
      expect(await world.files.delete(file.workspaceId, file.id)).toEqual({ content: null })
      expect(await world.files.spare({ now: LATER, begunBefore: LATER })).not.toContain(content)
      await world.files.forget(content, LATER)
      expect(await world.files.read(file.workspaceId, copy.id)).toEqual(copy)
      expect(await world.files.delete(file.workspaceId, copy.id)).toEqual({ content })
    })

    test('copies files for a session under ids of their own, once', async () => {
      const world = await open()
      const file = buildFile(await world.newWorkspace(), {
        downloadable: true,
        expiresAt: new Date(Date.now() + 60_000),
      })
      await store(world, file)
      const copies = [newId('file'), newId('file')].map((id) => ({ id, original: file.id }))
      const made = await world.files.copy(file.workspaceId, 'sesn_1', copies)
      expect(made.map(({ id }) => id).toSorted()).toEqual(copies.map(({ id }) => id).toSorted())
      const { createdAt: _, ...rest } = file
      for (const copy of made) {
        expect(copy).toMatchObject({ ...rest, id: copy.id, scopeId: 'sesn_1', downloadable: false, expiresAt: null })
        expect(await world.files.read(file.workspaceId, copy.id)).toEqual(copy)
      }
      await world.files.delete(file.workspaceId, file.id)
      expect(await world.files.copy(file.workspaceId, 'sesn_1', copies)).toEqual(made)
      expect(await world.files.spare({ now: LATER, begunBefore: LATER })).not.toContain(file.content)
      for (const { id } of copies) await world.files.delete(file.workspaceId, id)
      expect(await world.files.spare({ now: LATER, begunBefore: LATER })).toContain(file.content)
    })

    test('copies nothing that is missing, of another workspace, expired or taken by another session', async () => {
      const world = await open()
      const [own, foreign] = [await world.newWorkspace(), await world.newWorkspace()]
      const [there, elsewhere, expired] = [
        buildFile(own),
        buildFile(foreign),
        buildFile(own, { expiresAt: new Date(Date.now() - 1) }),
      ]
      for (const file of [there, elsewhere, expired]) await store(world, file)
      const taken = newId('file')
      await world.files.copy(own, 'sesn_other', [{ id: taken, original: there.id }])
      const id = newId('file')
      const made = await world.files.copy(own, 'sesn_1', [
        { id: newId('file'), original: 'file_none' },
        { id: newId('file'), original: elsewhere.id },
        { id: newId('file'), original: expired.id },
        { id: taken, original: there.id },
        { id, original: there.id },
      ])
      expect(made.map((copy) => copy.id)).toEqual([id])
      expect(await world.files.copy(own, 'sesn_1', [])).toEqual([])
    })

    test('finds the contents that no file has, once they are finished or old, until they are forgotten', async () => {
      const world = await open()
      const [unfinished, file] = [randomUUID(), buildFile(await world.newWorkspace())]
      const content = file.content ?? ''
      await world.files.begin(file.workspaceId, unfinished)
      await store(world, file)
      const early = { now: LATER, begunBefore: NEVER }
      expect(await world.files.spare(early)).not.toContain(content)
      await world.files.delete(file.workspaceId, file.id)
      const spare = await world.files.spare(early)
      expect(spare).toContain(content)
      expect(spare).not.toContain(unfinished)
      expect(await world.files.spare({ now: LATER, begunBefore: LATER })).toContain(unfinished)
      for (const key of [unfinished, content, content]) await world.files.forget(key, LATER)
      const left = await world.files.spare({ now: LATER, begunBefore: LATER })
      expect(left).not.toContain(unfinished)
      expect(left).not.toContain(content)
    })

    test('keeps the row of an expired file when its content is forgotten', async () => {
      const world = await open()
      const file = buildFile(await world.newWorkspace(), { expiresAt: after(60) })
      const content = file.content ?? ''
      await store(world, file)
      expect(await world.files.spare({ now: after(59), begunBefore: NEVER })).not.toContain(content)
      await world.files.forget(content, after(59))
      expect(await world.files.read(file.workspaceId, file.id)).toEqual(file)
      expect(await world.files.spare({ now: after(60), begunBefore: NEVER })).toContain(content)
      await world.files.forget(content, after(60))
      expect(await world.files.read(file.workspaceId, file.id)).toEqual({ ...file, content: null })
      expect(await world.files.spare({ now: LATER, begunBefore: LATER })).not.toContain(content)
      expect(await world.files.delete(file.workspaceId, file.id)).toEqual({ content: null })
    })

    test('has no file of a content that was never begun', async () => {
      const world = await open()
      const file = buildFile(await world.newWorkspace())
      await expect(world.files.create(file)).rejects.toThrow(/content/)
      expect(await world.files.read(file.workspaceId, file.id)).toBeNull()
    })
  })
}
