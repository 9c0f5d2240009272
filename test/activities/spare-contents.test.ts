import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createSpareContents } from '../../src/activities/spare-contents.ts'
import { buildFile } from '../suites/file-store.ts'
import { createMemoryContents } from '../support/memory-contents.ts'
import { createMemoryFiles } from '../support/memory-files.ts'

const HOUR_MS = 60 * 60_000

/** Memory with a file, an upload that nobody finished, a deleted file's bytes and an expired file. */
async function scene() {
  const [files, contents] = [createMemoryFiles(), createMemoryContents()]
  const now = Date.now()
  const keys = { kept: randomUUID(), unfinished: randomUUID(), deleted: randomUUID(), expired: randomUUID() }
  async function* bytes(): AsyncGenerator<Buffer> {
    yield Buffer.from('bytes')
  }
  for (const [name, content] of Object.entries(keys)) {
    await files.begin('default', content)
    await contents.write(content, bytes())
    if (name === 'unfinished') continue
    await files.create(
      buildFile('default', { id: name, content, ...(name === 'expired' ? { expiresAt: new Date(now + 1) } : {}) }),
    )
  }
  await files.delete('default', 'deleted')
  const warned: string[] = []
  const warn = (_: object, message: string): void => void warned.push(message)
  return { files, contents, keys, now, warned, sweep: createSpareContents({ files, contents, warn }), warn }
}

describe('bytes that no file has', () => {
  test('are removed when their file is deleted, then when it has expired, and those of an upload hours later', async () => {
    const { contents, keys, now, sweep, files } = await scene()
    await sweep(now)
    expect([...contents.contents.keys()]).toEqual([keys.kept, keys.unfinished, keys.expired])
    await sweep(now + 10 * 60_000)
    expect([...contents.contents.keys()]).toEqual([keys.kept, keys.unfinished])
    expect(files.rows.get('expired')).toMatchObject({ content: null })
    await sweep(now + 7 * HOUR_MS)
    expect([...contents.contents.keys()]).toEqual([keys.kept])
    expect([...files.begun.keys()]).toEqual([keys.kept])
  })

  test('are looked for every five minutes', async () => {
    const { contents, now, sweep, files } = await scene()
    await sweep(now)
    await files.delete('default', 'kept')
    await sweep(now + 4 * 60_000)
    expect(contents.contents.size).toBe(3)
    await sweep(now + 5 * 60_000)
    expect(contents.contents.size).toBe(1)
  })

  test('that cannot be removed keep no others from it, and are tried again', async () => {
    const { files, contents, keys, now, warned, warn } = await scene()
    let isBroken = true
    const remove = async (key: string): Promise<void> => {
      if (isBroken && key === keys.deleted) throw new Error('the disk is away')
      await contents.remove(key)
    }
    const sweep = createSpareContents({ files, contents: { remove }, warn })
    await sweep(now + 60_000)
    expect([...contents.contents.keys()]).toEqual([keys.kept, keys.unfinished, keys.deleted])
    expect(warned).toHaveLength(1)
    isBroken = false
    await sweep(now + 10 * 60_000)
    expect([...contents.contents.keys()]).toEqual([keys.kept, keys.unfinished])
  })
})
