import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createCopyStore, createOpenCalls } from '../src/keeping.ts'
import type { LogState } from '../src/session/state.ts'
import { inPieces } from './hands/tar-builders.ts'
import { createMemoryContents } from './support/memory-contents.ts'
import { emptyState } from './support/session-builders.ts'

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
    const { content, ...measured } = await copies.write('default', inPieces(Buffer.from('bytes')))
    const sha256 = createHash('sha256').update('bytes').digest('hex')
    expect(measured).toEqual({ size: 5, sha256 })
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

describe('the calls that a log has open', () => {
  const calls = ['sevt_a', 'sevt_b'].map((id) => ({ id, name: 'bash', input: {}, standing: 'asked' }) as const)
  const view = {
    session: 'sesn_1',
    run: 1,
    length: 1,
    signals: 0,
    runs: [],
    startedAt: 0,
    changedAt: 0,
    archivedAt: null,
  }

  test.each<[string, Partial<LogState>, readonly string[] | null]>([
    ['of a session that rests', {}, []],
    ['of one that waits for its client', { calls }, ['sevt_a', 'sevt_b']],
    ['of one that is at work', { status: 'running', phase: 'tools', calls }, null],
    ['of one that is about to try again', { status: 'rescheduling' }, null],
    ['of one that has ended at work', { status: 'terminated', phase: 'tools', calls }, []],
  ])('are those %s', async (_, changes, open) => {
    const read = async (session: string) => ({ ...view, session, state: emptyState(changes) })
    expect(await createOpenCalls({ read })('sesn_1')).toEqual(open)
  })
})
