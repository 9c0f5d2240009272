import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createGenerationFolders, parseReference } from '../../src/hands/generation-folder.ts'
import type { GenerationFolders } from '../../src/hands/generation-folder.ts'

const reference = 'sesn_1.2.0123456789abcdef'
const row = { sessionId: 'sesn_1', generation: 2, provider: 'local', reference, bootId: '0123456789abcdef' }
const other = { ...row, reference: 'sesn_1.2.ffffffffffffffff', bootId: 'ffffffffffffffff' }

describe('generation folders', () => {
  let root = ''
  let folders: GenerationFolders
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'longhand-folders-'))
    folders = createGenerationFolders(root)
  })
  afterEach(() => rm(root, { recursive: true, force: true }))

  test('read a row from its reference and nothing else', () => {
    expect(parseReference(reference)).toEqual(row)
    for (const bad of [
      '',
      'sesn_1.2',
      'sesn_1.0.0123456789abcdef',
      '../x.2.0123456789abcdef',
      `${reference}/..`,
      'a.1.0123456789ABCDEF',
    ])
      expect(parseReference(bad)).toBeNull()
  })

  test('know nothing before the first', async () => {
    expect(await folders.list()).toEqual([])
    expect(await folders.published(row)).toBeNull()
    expect(await folders.identity(reference)).toBeNull()
    await folders.remove(row)
  })

  test('are closed to others and readable for the account inside', async () => {
    await folders.prepare(reference, {})
    expect((await stat(root)).mode & 0o777).toBe(0o700)
    expect((await stat(join(folders.pathOf(reference), 'etc', 'passwd'))).mode & 0o777).toBe(0o644)
    expect(await readFile(join(folders.pathOf(reference), 'etc', 'passwd'), 'utf8')).toContain('agent:x:1000:1000:')
    expect(await folders.list()).toEqual([{ ...row, since: expect.any(Date) }])
  })

  test('let the first of a key be its sandbox and no other', async () => {
    await folders.prepare(reference, {})
    await folders.prepare(other.reference, {})
    expect(await folders.publish(row)).toBe(true)
    expect(await folders.publish(other)).toBe(false)
    expect(await folders.published(row)).toBe(reference)
    await folders.remove(other)
    expect(await folders.published(row)).toBe(reference)
    await folders.remove(row)
    expect(await folders.published(row)).toBeNull()
    expect(await folders.list()).toEqual([])
  })

  test('record process 1 and find it again', async () => {
    await folders.prepare(reference, {})
    await writeFile(
      join(folders.pathOf(reference), 'info.json'),
      JSON.stringify({ 'child-pid': process.pid, 'pid-namespace': 1 }),
    )
    expect(await folders.unfinished(reference)).toBeNull()
    await folders.record(reference)
    expect(await folders.identity(reference)).toMatchObject({ pid: process.pid })
  })

  test('do not record a process that is gone', async () => {
    await folders.prepare(reference, {})
    await writeFile(
      join(folders.pathOf(reference), 'info.json'),
      JSON.stringify({ 'child-pid': 2 ** 22 + 1, 'pid-namespace': 1 }),
    )
    await expect(folders.record(reference)).rejects.toThrow(`expected process 1 of ${reference} to run`)
    expect(await folders.identity(reference)).toBeNull()
  })

  test('find the process of a sandbox whose maker died, by its namespace', async () => {
    await folders.prepare(reference, {})
    const inode = (await stat('/proc/self/ns/pid')).ino
    await writeFile(
      join(folders.pathOf(reference), 'info.json'),
      JSON.stringify({ 'child-pid': process.pid, 'pid-namespace': inode }),
    )
    expect(await folders.unfinished(reference)).toMatchObject({ pid: process.pid })
  })

  test('remove what nobody may enter', async () => {
    await folders.prepare(reference, {})
    const closed = join(folders.pathOf(reference), 'workspace', 'closed')
    await mkdir(join(closed, 'inner'), { recursive: true })
    await (await import('node:fs/promises')).chmod(closed, 0)
    await folders.remove(row)
    expect(await folders.list()).toEqual([])
  })
})
