import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { SessionBuried } from '../../../src/store/buried.ts'
import { createStores } from '../../../src/store/postgres/stores.ts'
import { buildFile, fileStoreSuite } from '../../suites/file-store.ts'
import { createSession, newId, newWorkspace } from '../builders.ts'
import { useDatabase, useStores } from '../use-postgres.ts'

const open = useStores()
const openDatabase = useDatabase()

fileStoreSuite(async () => {
  const stores = await open()
  return { files: stores.files, newWorkspace: () => newWorkspace(stores) }
})

describe('files of a session', () => {
  test('are gone as soon as it is deleted, and none comes after that', async () => {
    const stores = await open()
    const { id, workspaceId } = await createSession(stores, 'default')
    const original = buildFile(workspaceId)
    const own = buildFile(workspaceId, { scopeId: id })
    for (const file of [original, own]) {
      await stores.files.begin(workspaceId, file.content ?? '')
      await stores.files.create(file)
    }
    const copies = [{ id: newId('file'), original: original.id }]
    const [copy] = await stores.files.copy(workspaceId, id, copies)
    await stores.sessions.bury(workspaceId, id)
    for (const { id: gone } of [own, ...copies]) {
      expect(await stores.files.read(workspaceId, gone)).toBeNull()
      expect(await stores.files.readAll(workspaceId, [gone])).toEqual([])
      expect(await stores.files.delete(workspaceId, gone)).toBeNull()
    }
    expect(await stores.files.list(workspaceId, { limit: 9, scopeId: id })).toEqual([])
    const ofOutput = [{ id: newId('file'), original: own.id }]
    expect(await stores.files.copy(workspaceId, (await createSession(stores, 'default')).id, ofOutput)).toEqual([])
    await expect(stores.files.copy(workspaceId, id, [{ id: newId('file'), original: original.id }])).rejects.toThrow(
      SessionBuried,
    )
    await stores.sessions.clear(id)
    const later = new Date(Date.now() + 60_000)
    expect(await stores.files.spare({ now: later, begunBefore: new Date(0) })).toContain(own.content)
    expect(await stores.files.read(workspaceId, original.id)).toEqual(original)
    expect(copy?.content).toBe(original.content)
  })

  test('share what is copied with an original that is deleted at that moment, or have nothing', async () => {
    const stores = await open()
    const { id: session, workspaceId } = await createSession(stores, 'default')
    const rounds = 30
    let copied = 0
    for (let round = 0; round < rounds; round++) {
      const file = buildFile(workspaceId)
      await stores.files.begin(workspaceId, file.content ?? '')
      await stores.files.create(file)
      const [copies, deleted] = await Promise.all([
        stores.files.copy(workspaceId, session, [{ id: newId('file'), original: file.id }]),
        stores.files.delete(workspaceId, file.id),
      ])
      // Whoever deletes the last file drops the bytes.
      expect(deleted?.content === null).toBe(copies.length === 1)
      copied += copies.length
    }
    console.log(`copies beside deletions: n = ${rounds}, ${copied} copied`)
  })
})

describe('the content of a copy of a workspace', () => {
  test('is spare once the copy is gone, and not before', async () => {
    const database = await openDatabase()
    const { files, sessions, ...stores } = createStores(database)
    const { id, workspaceId } = await createSession({ files, sessions, ...stores }, 'default')
    const content = newId('content')
    await files.begin(workspaceId, content)
    await sql`update file_contents set finished = true where key = ${content}`.execute(database)
    await sql`
      insert into workspace_exports (session_id, hand, workspace_id, generation, content, bytes, entries, sha256, probe, exported_at)
      values (${id}, 'main', ${workspaceId}, 1, ${content}, 7, 1, '', '', now())
    `.execute(database)
    const later = { now: new Date(Date.now() + 60_000), begunBefore: new Date(Date.now() + 60_000) }
    expect(await files.spare(later)).not.toContain(content)
    await files.forget(content, later.now)
    await sessions.bury(workspaceId, id)
    await sessions.clear(id)
    expect(await files.spare(later)).toContain(content)
    await files.forget(content, later.now)
    expect(await files.spare(later)).not.toContain(content)
  })
})
