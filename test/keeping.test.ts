import { describe, expect, test } from 'vitest'
import { createCopyStore } from '../src/keeping.ts'
import { inPieces } from './hands/tar-builders.ts'
import { createMemoryContents } from './support/memory-contents.ts'

function build() {
  const contents = createMemoryContents()
  const done: string[] = []
  const files = {
    begin: async (workspaceId: string, key: string) =>
      void done.push(`begin ${workspaceId} ${contents.contents.has(key)}`),
    forget: async (key: string) => void done.push(`forget ${contents.contents.has(key)}`),
  }
  return { contents, done, copies: createCopyStore(files, contents) }
}

describe('the store of copies', () => {
  test('notes a content before its first byte, and forgets it behind its last', async () => {
    const { contents, done, copies } = build()
    const content = await copies.write('default', inPieces(Buffer.from('bytes')))
    expect(contents.contents.get(content)?.toString()).toBe('bytes')
    await copies.drop(content)
    expect(contents.contents.size).toBe(0)
    expect(done).toEqual(['begin default false', 'forget false'])
  })

  test('keeps nothing of what breaks off', async () => {
    const { contents, done, copies } = build()
    async function* broken() {
      yield Buffer.from('half')
      throw new Error('the sandbox has ended')
    }
    await expect(copies.write('default', broken())).rejects.toThrow('the sandbox has ended')
    expect(contents.contents.size).toBe(0)
    expect(done).toEqual(['begin default false', 'forget false'])
  })
})
