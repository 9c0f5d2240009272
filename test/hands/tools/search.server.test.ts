import { beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../../src/hands/sandbox.ts'
import { sandboxKinds } from '../../support/docker.ts'
import { useSandboxes } from '../sandboxes-of.ts'
import { bad, callTool, good } from './call-tool.ts'

describe.each(await sandboxKinds())('tools in a %s sandbox', (kind) => {
  const sandboxes = useSandboxes(kind)
  let sandbox: Sandbox

  beforeAll(async () => {
    sandbox = (await sandboxes.open()).sandbox
    const command = `mkdir -p src/deep/er src/.hidden .git node_modules/x many lines
      for f in src/a.ts src/b.js src/deep/c.ts src/deep/er/d.tsx src/.hidden/h.ts .git/g.ts node_modules/x/n.ts "src/sp ace.ts"; do
        echo "needle in $f" > "$f"
      done
      ln -s src link; ln -s /usr/share outward; mkfifo src/pipe.ts; printf 'a\\0needle' > src/bin.ts
      touch -d '2020-01-01' src/a.ts; touch -d '2021-01-01 00:00:00.5' src/deep/c.ts; touch -d '2021-01-01 00:00:00.25' "src/sp ace.ts"
      touch -d '2019-01-01' src/bin.ts; touch "src/new
line.ts"
      i=0; while [ $i -lt 250 ]; do : > many/$i; i=$((i+1)); done; touch -d '2030-01-01' many/249
      head -c 5000 /dev/zero | tr '\\0' y > lines/long; printf '\\nshort y\\n' >> lines/long
      yes 'repeated line with some text' | head -n 5000 > lines/huge`
    await sandbox.run({ id: 'files', command, timeoutMs: 20_000, capBytes: 10_240 })
  })

  describe('glob', () => {
    test.each([
      [
        { pattern: '**/*.ts' },
        ['/workspace/src/deep/c.ts', '/workspace/src/sp ace.ts', '/workspace/src/a.ts', '/workspace/src/bin.ts'],
      ],
      [{ pattern: '*.ts', path: 'src' }, ['/workspace/src/sp ace.ts', '/workspace/src/a.ts', '/workspace/src/bin.ts']],
      [{ pattern: 'src/{a,b}.{ts,js}' }, ['/workspace/src/b.js', '/workspace/src/a.ts']],
      [
        { pattern: 'src/**/?.ts*' },
        ['/workspace/src/deep/er/d.tsx', '/workspace/src/deep/c.ts', '/workspace/src/a.ts'],
      ],
      [{ pattern: 'src/.hidden/*' }, ['/workspace/src/.hidden/h.ts']],
      [{ pattern: 'a.ts', path: 'link' }, ['/workspace/src/a.ts']],
      [{ pattern: 'link/*.ts' }, ['no matches']],
      [{ pattern: '.git/*' }, ['no matches']],
      [{ pattern: 'node_modules/**' }, ['no matches']],
      [{ pattern: '*.md' }, ['no matches']],
    ])('of %j gives what matches, newest first', async (input, paths) => {
      expect(await callTool(sandbox, 'glob', input)).toEqual(good(paths.join('\n')))
    })

    test('tells when there are more files than it looks at, and finds what ends as the pattern does all the same', async () => {
      const { sandbox: full } = await sandboxes.open()
      const command = `mkdir many && seq -f many/%.0f 50100 | xargs touch; touch "many/it's.ts"`
      await full.run({ id: 'many', command, timeoutMs: 60_000, capBytes: 10_240 })
      const { text } = await callTool(full, 'glob', { pattern: 'many/*' })
      expect(text.split('\n').slice(-2)).toEqual([
        '[49800 older files are left out]',
        '[only 50000 files were looked at, there are more: give a longer path or a narrower pattern]',
      ])
      expect(await callTool(full, 'glob', { pattern: "**/*'s.{ts,js}" })).toEqual(good("/workspace/many/it's.ts"))
    })

    test('gives no path that was cut where the listing is', async () => {
      const { sandbox: full } = await sandboxes.open()
      const name = 'x'.repeat(230)
      const command = `mkdir many && seq -f many/%.0f${name} 19000 | xargs touch`
      await full.run({ id: 'long', command, timeoutMs: 60_000, capBytes: 10_240 })
      const lines = (await callTool(full, 'glob', { pattern: 'many/*' })).text.split('\n')
      expect(lines.slice(0, 200).filter((line) => !new RegExp(`^/workspace/many/\\d+${name}$`).test(line))).toEqual([])
      expect(lines.at(-1)).toMatch(/^\[only 1\d+ files were looked at, there are more: /)
    })

    test('gives at most 200 and says how many are left out', async () => {
      const { text } = await callTool(sandbox, 'glob', { pattern: 'many/*' })
      const lines = text.split('\n')
      expect(lines).toHaveLength(201)
      expect(lines[0]).toBe('/workspace/many/249')
      expect(lines[200]).toBe('[50 older files are left out]')
    })

    test('gives no more than the model gets of anything', async () => {
      const { sandbox: full } = await sandboxes.open()
      const deep = Array.from({ length: 10 }, () => 'x'.repeat(200)).join('/')
      const command = `mkdir -p ${deep} && cd ${deep} && seq 120 | xargs touch`
      await full.run({ id: 'deep', command, timeoutMs: 60_000, capBytes: 10_240 })
      const { text } = await callTool(full, 'glob', { pattern: '**/*' })
      expect(text.length).toBeLessThanOrEqual(100_000)
      const lines = text.split('\n')
      expect(lines.at(-1)).toBe(`[${120 - (lines.length - 1)} older files are left out]`)
      expect(lines.length).toBeGreaterThan(40)
    })

    test.each([
      [{ pattern: '/etc/*' }, 'an absolute pattern is not possible: give a relative one, and path'],
      [{ pattern: '../*' }, '".." is not possible in the pattern'],
      [{ pattern: '{a,..}/*' }, '".." is not possible in the pattern'],
      [{ pattern: '*', path: '/etc' }, 'path "/etc" is outside /workspace, /tmp and /mnt/session'],
      [{ pattern: '*', path: 'outward' }, 'path "outward" is outside /workspace, /tmp and /mnt/session'],
      [{ pattern: '*', path: 'none' }, 'none: no such file or directory'],
      [{ pattern: '*', path: 'src/a.ts' }, 'src/a.ts: is a file, expected a folder'],
      [{}, 'pattern is required, expected a string that is not empty'],
    ])('refuses %j', async (input, text) => {
      expect(await callTool(sandbox, 'glob', input)).toEqual(bad(`glob: ${text}`))
    })
  })

  describe('grep', () => {
    test.each([
      [{ pattern: 'needle in .*a\\.ts' }, ['/workspace/src/a.ts:1:needle in src/a.ts']],
      [{ pattern: 'needle', path: 'src/a.ts' }, ['/workspace/src/a.ts:1:needle in src/a.ts']],
      [
        { pattern: "ne{2}d.*(c|d)\\.ts'?" },
        [
          '/workspace/src/deep/c.ts:1:needle in src/deep/c.ts',
          '/workspace/src/deep/er/d.tsx:1:needle in src/deep/er/d.tsx',
        ],
      ],
      [{ pattern: 'needle in \\.git' }, ['no matches']],
      [{ pattern: 'n/x', path: 'node_modules/..' }, ['no matches']],
      [{ pattern: '-v' }, ['no matches']],
      [{ pattern: 'short', path: 'lines' }, ['/workspace/lines/long:2:short y']],
    ])('of %j gives file:line:text', async (input, lines) => {
      const { text, isError } = await callTool(sandbox, 'grep', input)
      expect({ isError, lines: text.split('\n').toSorted() }).toEqual({ isError: false, lines })
    })

    test('cuts long lines and long results, and says so', async () => {
      const long = await callTool(sandbox, 'grep', { pattern: 'y', path: 'lines/long' })
      expect(long.text).toMatch(/^\/workspace\/lines\/long:1:y+… \[line cut\]\n.*:2:short y$/)
      expect(long.text.split('\n')[0]).toHaveLength(2_000 + '… [line cut]'.length)
      const huge = await callTool(sandbox, 'grep', { pattern: 'repeated' }, { id: 'many_matches' })
      expect(huge.text).toMatch(/^\/workspace\/lines\/huge:1:repeated/)
      expect(huge.text).toContain(
        '\n[278,893 bytes of output, too long to show. It is in /workspace/.outputs/many_matches.txt: ',
      )
      expect(huge.text).toMatch(/:5000:repeated line with some text$/)
      expect(huge.text.length).toBeLessThan(4_300)
      const found = await callTool(sandbox, 'grep', { pattern: '2500:', path: '.outputs/many_matches.txt' })
      expect(found.text).toMatch(/^\/workspace\/.outputs\/many_matches.txt:2500:/)
    })

    test('ends a search that finds too much, and says so', async () => {
      const { sandbox: full } = await sandboxes.open()
      await full.run({ id: 'fill', command: 'yes needle | head -c 4M > hay', timeoutMs: 60_000, capBytes: 10_240 })
      const { text } = await callTool(full, 'grep', { pattern: 'needle' }, { id: 'too_many' })
      expect(text).toContain(
        '\n[2,097,153 bytes of output, too long to show. It is in /workspace/.outputs/too_many.txt: ',
      )
      expect(text).toMatch(/\n\[the search ended after 2,097,152 bytes: there is more\]$/)
    })

    test.each([
      [{ pattern: '(' }, /^grep: the pattern is not understood: /],
      [{ pattern: 'x', path: '/etc' }, /^grep: path "\/etc" is outside \/workspace, \/tmp and \/mnt\/session$/],
      [{ pattern: 'x', path: 'none' }, /^grep: none: no such file or directory$/],
      [{ pattern: 'x\0' }, /^grep: pattern holds U\+0000$/],
      [{ pattern: 7 }, /^grep: expected pattern to be a string that is not empty, got 7$/],
    ])('refuses %j', async (input, text) => {
      expect(await callTool(sandbox, 'grep', input)).toEqual(bad(expect.stringMatching(text)))
    })
  })
})
