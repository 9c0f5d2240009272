import { beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../../src/hands/sandbox.ts'
import { sandboxKinds } from '../../support/docker.ts'
import { show } from '../local-sandboxes.ts'
import { useSandboxes } from '../sandboxes-of.ts'
import { bad, callTool, good } from './call-tool.ts'

describe.each(await sandboxKinds())('tools in a %s sandbox', (kind) => {
  const sandboxes = useSandboxes(kind)
  let sandbox: Sandbox
  let serial = 0

  async function sh(command: string): Promise<string> {
    const { output } = await sandbox.run({ id: `sh_${++serial}`, command, timeoutMs: 20_000, capBytes: 102_400 })
    return show(output)
  }

  beforeAll(async () => {
    sandbox = (await sandboxes.open()).sandbox
    await sh(`printf 'one\\ntwo\\nthree\\n' > three; printf 'one\\ntwo' > open; : > empty; mkdir folder; mkfifo pipe
      ln -s three link; ln -s /etc/passwd outward; ln -s loop loop; ln -s /tmp tmplink; ln -s ../../etc up
      ln -s /etc/new dangling; ln -s folder/new inner; printf 'a\\0b\\377' > binary; echo x > closed; chmod 000 closed
      echo deep > '/tmp/sp ace'; head -c 300000 /dev/zero | tr '\\0' 'x' | fold -w 99 > large; head -c 300000 /dev/zero > oneline
      ln -s . self`)
  })

  const refusals: [path: string, text: string][] = [
    ['nowhere', 'nowhere: no such file or directory'],
    ['folder', 'folder: is a directory, expected a file'],
    ['pipe', 'pipe: is not a regular file'],
    ['/etc/passwd', 'path "/etc/passwd" is outside /workspace, /tmp and /mnt/session'],
    ['../etc/passwd', 'path "../etc/passwd" is outside /workspace, /tmp and /mnt/session'],
    ['outward', 'path "outward" is outside /workspace, /tmp and /mnt/session'],
    ['up/passwd', 'path "up/passwd" is outside /workspace, /tmp and /mnt/session'],
    ['/proc/self/environ', 'path "/proc/self/environ" is outside /workspace, /tmp and /mnt/session'],
    ['/workspaces', 'path "/workspaces" is outside /workspace, /tmp and /mnt/session'],
    ['loop', 'loop: too many levels of symbolic links'],
    ['closed', 'closed: permission denied'],
    ['two\nlines', 'path "two\\nlines" holds a line break or U+0000'],
  ]

  describe('read', () => {
    test.each([
      [{ file_path: 'three' }, 'one\ntwo\nthree\n'],
      [{ file_path: '/workspace/three' }, 'one\ntwo\nthree\n'],
      [{ file_path: './folder/../three' }, 'one\ntwo\nthree\n'],
      [{ file_path: 'link' }, 'one\ntwo\nthree\n'],
      [{ file_path: 'self/self/three' }, 'one\ntwo\nthree\n'],
      [{ file_path: '/tmp/sp ace' }, 'deep\n'],
      [{ file_path: 'tmplink/sp ace' }, 'deep\n'],
      [{ file_path: 'empty' }, ''],
      [{ file_path: 'binary' }, 'a\u{FFFD}b\u{FFFD}'],
      [{ file_path: 'three', view_range: [2, 2] }, 'two'],
      [{ file_path: 'three', view_range: [2, 3] }, 'two\nthree'],
      [{ file_path: 'three', view_range: [2, -1] }, 'two\nthree\n'],
      [{ file_path: 'three', view_range: [0, 1] }, 'one'],
      [{ file_path: 'three', view_range: [3, 2] }, ''],
      [{ file_path: 'three', view_range: [9, 0] }, ''],
      [{ file_path: 'open', view_range: [1, 9] }, 'one\ntwo'],
      [{ file_path: 'large', view_range: [3000, 3000] }, 'x'.repeat(99)],
      [{ file_path: 'three', view_range: null }, 'one\ntwo\nthree\n'],
    ])('of %j gives what is there', async (input, text) => {
      expect(await callTool(sandbox, 'read', input)).toEqual(good(text))
    })

    test.each<[object, string]>([
      ...refusals.map(([file_path, text]): [object, string] => [{ file_path }, text]),
      [
        { file_path: 'large' },
        'large has 303030 bytes, more than the limit of 262144; give view_range, for example [1, 500]',
      ],
      [
        { file_path: 'large', view_range: [1, 0] },
        'lines [1, 0] of large exceed the limit of 262144 bytes; give a smaller view_range',
      ],
      [
        { file_path: 'oneline', view_range: [1, 1] },
        'lines [1, 1] of oneline exceed the limit of 262144 bytes; show part of the line with bash, for example with cut -c',
      ],
      [{ file_path: 'three', view_range: [1] }, 'expected view_range to be [first, last], 2 integers, got [1]'],
      [{ file_path: '' }, 'expected file_path to be a string that is not empty, got ""'],
    ])('of %j says why not', async (input, text) => {
      expect(await callTool(sandbox, 'read', input)).toEqual(bad(`read: ${text}`))
    })
  })

  describe('a path that is too long', () => {
    const paths: [string, string][] = [
      ['in a name', 'ü'.repeat(128)],
      ['in all', 'a/'.repeat(2_100)],
      ['for an argument', 'x'.repeat(300_000)],
    ]
    const calls: [string, object, string][] = [
      ['read', {}, 'file_path'],
      ['write', { content: 'x' }, 'file_path'],
      ['edit', { old_string: 'a', new_string: 'b' }, 'file_path'],
      ['glob', { pattern: '*' }, 'path'],
      ['grep', { pattern: 'x' }, 'path'],
    ]

    test.each(calls.flatMap((call) => paths.map(([where, path]) => [...call, where, path] as const)))(
      'is refused by %s',
      async (name, input, field, _, path) => {
        const { text, isError } = await callTool(sandbox, name, { ...input, [field]: path })
        const limits = 'is too long, expected at most 4095 bytes and 255 for each name in it'
        expect({ text, isError }).toEqual(bad(`${name}: path "${`/workspace/${path}`.slice(0, 60)}…" ${limits}`))
      },
    )

    test('is no success below the tools either, however often it is asked for', async () => {
      const request = {
        id: 'too_long',
        path: `/workspace/${'x'.repeat(300)}`,
        data: Buffer.from('x'),
        note: 'wrote it',
      }
      const refused = { type: 'refused', reason: 'denied' }
      expect([await sandbox.write(request), await sandbox.write(request)]).toEqual([refused, refused])
      expect(await sh('find . -name "*longhand*"; ls -d /run/longhand/calls/too_long 2>&1')).toContain('No such file')
      expect(await sandbox.write({ ...request, path: '/workspace/shorter' })).toMatchObject({
        type: 'written',
        first: true,
      })
      await sh('rm shorter')
    })
  })

  describe('read of a long text', () => {
    beforeAll(async () => {
      const lines = `seq -w 1100 | sed 's/$/ ${'x'.repeat(92)}/'`
      await sh(`${lines} | head -c 100000 > just; ${lines} | head -c 100001 > over`)
      await sh(`yes ü | head -100000 | tr -d '\\n' > wide; yes ü | head -100001 | tr -d '\\n' > wider`)
    })

    test.each([
      ['just', 'x'],
      ['wide', 'ü'],
    ])('of 100,000 characters gives it whole: %s', async (file_path, last) => {
      const { text } = await callTool(sandbox, 'read', { file_path })
      expect(text).toHaveLength(100_000)
      expect(text.at(-1)).toBe(last)
    })

    test.each([
      [{ file_path: 'over' }, 'over has 100,001 bytes in 1,021 lines'],
      [{ file_path: 'over', view_range: [1, 0] }, 'Lines [1, 0] of over are 100,001 bytes in 1,021 lines'],
    ])('shows both ends of a longer one: %j', async (input, what) => {
      const { text, isError } = await callTool(sandbox, 'read', input)
      expect(isError).toBe(false)
      expect(text.slice(0, 8)).toMatch(/^0+1 xx/)
      expect(text).toContain(`\n[${what}, too long to show: give a smaller view_range]\n`)
      expect(text.length).toBeLessThan(4_200)
    })

    test('is not counted in bytes', async () => {
      const { text } = await callTool(sandbox, 'read', { file_path: 'wider' })
      const end = 'ü'.repeat(2_000)
      expect(text).toBe(
        `${end}\n[wider has 200,002 bytes in one line, too long to show: show part of the line with bash, for example with cut -c]\n${end}`,
      )
    })
  })

  describe('write', () => {
    test.each([
      ['new', 'text\n', 'wrote 5 bytes to new'],
      ['new', 'replaced', 'wrote 8 bytes to new'],
      ['a/b/c d', 'ü', 'wrote 2 bytes to a/b/c d'],
      ['inner', 'through a link', 'wrote 14 bytes to inner'],
      ['/tmp/x', '', 'wrote 0 bytes to /tmp/x'],
      ["it's $HOME", 'q', "wrote 1 bytes to it's $HOME"],
      ['-n', 'dash', 'wrote 4 bytes to -n'],
    ])('to %s makes the file', async (file_path, content, text) => {
      expect(await callTool(sandbox, 'write', { file_path, content })).toEqual(good(text))
      expect(await callTool(sandbox, 'read', { file_path })).toEqual(good(content))
    })

    test.each([
      ...refusals.filter(([path]) => path !== 'nowhere'),
      ['dangling', 'path "dangling" is outside /workspace, /tmp and /mnt/session'],
      ['three/below', 'three/below: permission denied'],
      ['/workspace', '/workspace: is a directory, expected a file'],
    ])('to %j says why not and leaves nothing', async (file_path, text) => {
      const before = await sh('find . /tmp | sort')
      expect(await callTool(sandbox, 'write', { file_path, content: 'x' })).toEqual(bad(`write: ${text}`))
      expect(await sh('find . /tmp | sort')).toBe(before)
    })

    test('takes the longest name that there is', async () => {
      const file_path = 'x'.repeat(255)
      expect(await callTool(sandbox, 'write', { file_path, content: 'x' })).toEqual(
        good(`wrote 1 bytes to ${file_path}`),
      )
      expect(await sh(`cat ${file_path}; rm ${file_path}`)).toBe('x')
    })

    test('keeps the mode of a file that exists', async () => {
      await sh('echo old > tool.sh; chmod 751 tool.sh')
      await callTool(sandbox, 'write', { file_path: 'tool.sh', content: 'new' })
      expect(await sh('stat -c %a tool.sh; cat tool.sh')).toBe('751\nnew')
    })

    test('takes a megabyte', async () => {
      const content = 'ü0123456789\n'.repeat(90_000)
      expect((await callTool(sandbox, 'write', { file_path: 'big', content })).isError).toBe(false)
      expect(await sh('wc -c < big; rm big')).toBe(`${Buffer.byteLength(content)}\n`)
    })

    test('happens once for a call that is made again, whatever the file has become', async () => {
      const input = { file_path: 'once', content: 'mine' }
      const both = await Promise.all([1, 2].map(() => callTool(sandbox, 'write', input, { id: 'sevt_w' })))
      await sh('echo theirs > once')
      const again = await callTool(sandbox, 'write', input, { id: 'sevt_w' })
      expect([...both, again]).toEqual(Array(3).fill(good('wrote 4 bytes to once')))
      expect(await sh('cat once')).toBe('theirs\n')
    })

    test('does not happen for a call that was given up', async () => {
      await sandbox.cancel('sevt_gone')
      const outcome = await callTool(sandbox, 'write', { file_path: 'never', content: '' }, { id: 'sevt_gone' })
      expect(outcome).toEqual(bad('write: the call was given up; nothing was written'))
      expect(await sh('ls never 2>&1')).toContain('No such file')
    })

    test.each([
      ['the file is there', 'mine', good('wrote 4 bytes to torn')],
      ['the file is not', 'other', bad('write: the writer was killed. Whether torn was written is unknown: read it.')],
    ])('whose writer was killed between claim and result is judged by the file: %s', async (_, content, outcome) => {
      const id = `sevt_torn_${content}`
      await callTool(sandbox, 'write', { file_path: 'torn', content: 'mine' }, { id })
      await sh(`rm /run/longhand/calls/${id}/done; printf ${content} > torn`)
      expect(await callTool(sandbox, 'write', { file_path: 'torn', content: 'mine' }, { id })).toEqual(outcome)
    })
  })

  describe('edit', () => {
    const edit = (input: object, id?: string) =>
      callTool(sandbox, 'edit', { file_path: 'e', ...input }, id === undefined ? {} : { id })

    test.each([
      ['once', 'a b c', { old_string: 'b', new_string: 'B' }, 'a B c', '1'],
      ['everywhere', 'a b a', { old_string: 'a', new_string: 'aa', replace_all: true }, 'aa b aa', '2'],
      ['to nothing', 'abc', { old_string: 'b', new_string: '' }, 'ac', '1'],
      ['literally', 'x', { old_string: 'x', new_string: '$& $1 \\n %s' }, '$& $1 \\n %s', '1'],
      ['over lines', 'a\nb\n', { old_string: 'a\nb', new_string: 'c' }, 'c\n', '1'],
      ['text outside ASCII', 'naïve 🙂', { old_string: 'ï', new_string: 'i' }, 'naive 🙂', '1'],
      ['without overlap', 'aaa', { old_string: 'aa', new_string: 'b' }, 'ba', '1'],
    ])('replaces %s', async (_, before, input, after, count) => {
      await callTool(sandbox, 'write', { file_path: 'e', content: before })
      expect(await edit(input)).toEqual(good(`edited e (${count} replacement(s))`))
      expect(await sh('cat e')).toBe(after)
    })

    test('leaves bytes alone that are not UTF-8', async () => {
      await sh(`printf 'a\\0\\377b' > e`)
      await edit({ old_string: 'a', new_string: 'c' })
      expect(await sh('od -An -c e')).toBe('   c  \\0 377   b\n')
    })

    test.each([
      [{ old_string: 'zz', new_string: 'y' }, 'old_string is not in e'],
      [
        { old_string: 'x', new_string: 'y' },
        'old_string stands 2 times in e, expected once: give more of its surroundings, or replace_all',
      ],
      [{ old_string: '', new_string: 'y' }, 'expected old_string to be a string that is not empty, got ""'],
      [{ old_string: 'x' }, 'new_string is required, expected a string'],
    ])('refuses %j', async (input, text) => {
      await sh('printf xx > e')
      expect(await edit(input)).toEqual(bad(`edit: ${text}`))
      expect(await sh('cat e')).toBe('xx')
    })

    test.each(refusals)('of %j says why not', async (file_path, text) => {
      expect(await edit({ file_path, old_string: 'o', new_string: 'x' })).toEqual(bad(`edit: ${text}`))
    })

    test('of a large file says what else to use', async () => {
      expect(await edit({ file_path: 'large', old_string: 'x', new_string: 'y' })).toEqual(
        bad('edit: large has 303030 bytes, more than the limit of 262144; use bash for a file this large'),
      )
    })

    test('happens once for a call that is made again, even where it would fit once more', async () => {
      await sh('printf x > e')
      const first = await edit({ old_string: 'x', new_string: 'xx' }, 'sevt_e')
      await sh('printf x > e')
      expect(await edit({ old_string: 'x', new_string: 'xx' }, 'sevt_e')).toEqual(first)
      expect(await sh('cat e')).toBe('x')
    })

    test('of one file by parallel calls loses none of them', async () => {
      const n = 4
      await sh(`printf '1 2 3 4' > e`)
      const edits = [1, 2, 3, 4].map((digit) => edit({ old_string: `${digit}`, new_string: `<${digit}>` }))
      expect(await Promise.all(edits)).toEqual(Array(n).fill(good('edited e (1 replacement(s))')))
      expect(await sh('cat e')).toBe('<1> <2> <3> <4>')
    })
  })
})
