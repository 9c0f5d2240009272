import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { SandboxRow } from '../../src/hands/bindings.ts'
import type { ToolContext } from '../../src/hands/hands.ts'
import type { Recipe } from '../../src/hands/recipe.ts'
import { createSandboxHands } from '../../src/hands/sandbox-hands.ts'
import { createFakeBindings } from '../hands/fake-bindings.ts'
import { hashOf } from '../hands/fake-cargo.ts'
import { createFakeStores, stockFile } from '../hands/fake-stores.ts'
import type { TestSandboxes } from '../hands/local-sandboxes.ts'
import { gather } from '../hands/tar-builders.ts'

const log = { info: () => {}, warn: () => {} }
const LONG = { timeout: 180_000 }
const tree = `mkdir -p 'src/süß 🦊' empty .hidden/deep -- -rf && printf one > 'src/süß 🦊/a' && printf two > -rf/-x &&
  printf three > .hidden/deep/.file && ln -s ../.hidden/deep src/link && ln -s /etc/hostname outside && printf '#!/bin/sh' > run && chmod 750 run &&
  head -c 5000000 /dev/urandom > large && mkdir -p /mnt/session/outputs && echo made > /mnt/session/outputs/made.txt`
const manifest = `cd /workspace && find . -mindepth 1 -printf '%y %m %p %l\\n' | LC_ALL=C sort && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum`
const at = new Date('2026-01-02T12:00:00.000Z')
let serial = 0

/** What becomes of a session's sandbox, over a provider's own sandboxes; two workers share everything but their memory. */
export function rebuiltSandboxSuite(sandboxes: TestSandboxes, image: unknown = null): void {
  function build() {
    const { provider } = sandboxes
    const sessionId = `sesn_rebuilt${process.pid}x${++serial}`
    const [bindings, stores] = [createFakeBindings(), createFakeStores()]
    const files = [stockFile(stores.stock, 'data.csv', 'a,b'), stockFile(stores.stock, 'sub/ü.txt', 'text')]
    let recipe: Recipe = { files, repositories: [], supplies: 2 }
    const workers = [1, 2].map(() => createSandboxHands({ provider, bindings, log, stores }))
    const bash = (id: string, command: string, more: Partial<ToolContext> & { worker?: number } = {}) => {
      const { worker = 0, ...rest } = more
      const asked = {
        recipe: async () => recipe,
        nameCalls: async (ids: readonly string[]) => ids,
        known: 0,
        supplies: recipe.supplies,
      }
      const context = {
        sessionId,
        toolUseId: id,
        abandoned: [],
        signal: new AbortController().signal,
        ...asked,
        ...rest,
      }
      return workers[worker]!.execute('bash', { command }, context)
    }
    const current = async (): Promise<SandboxRow> => {
      const row = await bindings.current(sessionId)
      if (row === null) throw new Error('expected a sandbox')
      return row
    }
    return {
      stores,
      bash,
      current,
      change: (next: Recipe) => void (recipe = next),
      files,
      async kill() {
        const row = await current()
        await sandboxes.kill(row)
        await expect.poll(async () => (await provider.attach(row)) === null).toBe(true)
      },
      /** Copies the workspace and keeps the outputs, as the keeper of a host does. */
      async keep() {
        const row = await current()
        const cargo = await provider.cargo(row)
        if (cargo === null) throw new Error('expected a sandbox that takes cargo')
        const bytes = await gather(cargo.exportWorkspace({ most: 100_000_000 }).tar)
        const { generation } = row
        stores.stock.copies.set('copy', bytes)
        const about = {
          hand: 'main',
          content: 'copy',
          bytes: bytes.length,
          entries: 12,
          leftOut: 0,
          isWhole: true,
          sha256: hashOf(bytes),
          probe: '',
        }
        stores.exports.set(sessionId, { sessionId, generation, at, ...about })
        for (const { path, size } of (await cargo.listOutputs()).files) {
          const file = `file_${randomBytes(4).toString('hex')}`
          const output = await gather(cargo.openOutput(path))
          stores.stock.files.set(file, output)
          stores.stock.kept.push({ path, file, size, sha256: hashOf(output) })
        }
      },
    }
  }

  describe('a sandbox that takes the place of one that was lost', () => {
    test('has its workspace, its files and its outputs, and says so', LONG, async () => {
      const { bash, keep, kill, stores } = build()
      const first = await bash('c1', tree)
      expect(first).toMatchObject({ text: '(no output)', made: { generation: 1, image } })
      const before = (await bash('c2', manifest, { known: 1 })).text
      await keep()
      stores.calls.push({ id: 'c2', generation: 1, at }, { id: 'c3', generation: 1, at: new Date(at.getTime() + 1) })
      await bash('c3', 'echo lost > lost', { known: 1 })
      await kill()
      const { text, isError, made } = await bash('c4', manifest, { known: 1 })
      const [receipt, ...rest] = text.split('\n\n')
      expect(receipt?.split('\n')).toEqual([
        '[This is a new sandbox (generation 2); the one before it was lost.',
        expect.stringMatching(
          /^Restored: \/workspace as it was at 2026-01-02 12:00:00 UTC after your call c2 \(1\d entries, [\d,]{9} bytes\); 2 files in \/mnt\/session\/uploads; 1 file in \/mnt\/session\/outputs\.$/,
        ),
        expect.stringMatching(/^Lost: what came after that \(1 call: c3\); everything in \/tmp .*\]$/),
      ])
      expect([rest.join('\n\n'), isError]).toEqual([before, false])
      expect(made).toMatchObject({ hand: 'main', generation: 2, supplies: 2, restored: { generation: 1 } })
      expect(made?.image).toBe(first.made?.image)
      const files =
        'cat /mnt/session/uploads/data.csv /mnt/session/uploads/sub/ü.txt /mnt/session/outputs/made.txt; ls -A /workspace | grep longhand'
      expect((await bash('c5', files, { known: 2 })).text).toBe('a,btextmade\nexit 1')
    })

    test('is one, however many calls and workers come at once, and tells each of them the same', LONG, async () => {
      const { bash, keep, kill, current } = build()
      await bash('c1', 'echo kept > kept')
      await keep()
      await kill()
      const calls = Array.from({ length: 6 }, (_, index) =>
        bash(`p${index}`, `cat kept; echo ${index} >> ledger`, { known: 1, worker: index % 2 }),
      )
      const texts = (await Promise.all(calls)).map(({ text }) => text)
      expect(new Set(texts).size).toBe(1)
      expect(texts[0]).toMatch(/Restored: \/workspace as it was.*\n\nkept$/s)
      expect((await bash('c2', 'wc -l < ledger; ls -A | grep longhand', { known: 2 })).text).toBe('6\nexit 1')
      const { sessionId, generation } = await current()
      const listed = (await sandboxes.provider.list()).filter((row) => row.sessionId === sessionId)
      expect([generation, listed.length]).toEqual([2, 1])
    })

    test('is empty and says why when the copy is damaged', LONG, async () => {
      const { bash, keep, kill, stores } = build()
      await bash('c1', 'echo kept > kept')
      await keep()
      stores.stock.damaged.add('copy')
      await kill()
      const { text } = await bash('c2', 'ls -A', { known: 1 })
      expect(text).toContain('Restored: nothing of /workspace (its copy is damaged in the store); 2 files in')
      expect(text).toMatch(/\n\n\(no output\)$/)
    })

    test('has what was asked for since, and a note of what is missing', LONG, async () => {
      const { bash, kill, stores, files, change } = build()
      await bash('c1', ':')
      const added = stockFile(stores.stock, 'added', 'new')
      const gone = { ...added, file: 'file_gone', path: '/mnt/session/uploads/gone' }
      change({ files: [files[0]!, added, gone], repositories: [], supplies: 5 })
      const living = await bash('c2', 'cd /mnt/session/uploads && find . -type f | sort', { known: 1 })
      const note = '[/mnt/session/uploads/gone is not there: its bytes are missing or damaged in the store.]'
      expect(living.text.split('\n').filter((line) => !line.includes('/.'))).toEqual([
        note,
        '',
        './added',
        './data.csv',
      ])
      expect((await bash('c3', 'echo warm', { known: 1 })).text).toBe('warm')
      await kill()
      const { text } = await bash('c4', 'cat /mnt/session/uploads/added', { known: 1 })
      expect(text.split('\n')[3]).toBe(note)
      expect(text).toMatch(/2 files in \/mnt\/session\/uploads\.\n.*\n\nnew$/s)
    })
  })
}
