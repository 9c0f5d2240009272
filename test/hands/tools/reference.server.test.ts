import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ToolOutcome } from '../../../src/hands/hands.ts'
import { useLocalSandboxes } from '../local-sandboxes.ts'
import { bad, callTool, good } from './call-tool.ts'
import type { Reference } from './reference.ts'
import { findReferenceNode, startReference } from './reference.ts'

const sandboxes = useLocalSandboxes()
const node = await findReferenceNode()
if (node === null) console.log('the SDK’s own tools are not compared: Node 24 is not in the cache folder')

type Call = readonly [name: string, input: object]
type Pair = { readonly ours: ToolOutcome; readonly theirs: ToolOutcome }

/** The calls one after the other, in a new sandbox and by the SDK's tools in a new folder. */
async function compare(calls: readonly Call[]): Promise<readonly Pair[]> {
  const { row, sandbox } = await sandboxes.open()
  await using reference: Reference = await startReference(node ?? '')
  try {
    const pairs: Pair[] = []
    for (const [name, input] of calls)
      pairs.push({ ours: await callTool(sandbox, name, input), theirs: await reference.call(name, input) })
    return pairs
  } finally {
    await sandboxes.provider.destroy(row)
  }
}

const bash = (command: string, more: object = {}): Call => ['bash', { command, ...more }]
const read = (file_path: string, ...view_range: number[]): Call => [
  'read',
  view_range.length === 0 ? { file_path } : { file_path, view_range },
]
const write = (file_path: string, content: string): Call => ['write', { file_path, content }]
const edit = (file_path: string, old_string: string, new_string: string, more: object = {}): Call => [
  'edit',
  { file_path, old_string, new_string, ...more },
]
const glob = (pattern: string, more: object = {}): Call => ['glob', { pattern, ...more }]
const grep = (pattern: string, more: object = {}): Call => ['grep', { pattern, ...more }]

/** What is meant to differ in every outcome: the last line of a failing command, and the last line break of `grep`. */
function withoutManner(outcome: ToolOutcome): ToolOutcome {
  return { ...outcome, text: outcome.text.replace(/\nexit \d+$/, '').replace(/\n+$/, '') }
}

/** Errors say the same in other words. */
function withoutWords(outcome: ToolOutcome): ToolOutcome {
  return outcome.isError ? bad('') : withoutManner(outcome)
}

describe.runIf(node !== null)('the tools', () => {
  test.each<[string, readonly Call[]]>([
    ['output of both streams', [bash('echo out; echo err >&2')]],
    ['no output', [bash('true'), bash('false'), bash('(exit 7)')]],
    ['output of a failure', [bash('echo half; false')]],
    ['a restart', [bash('x=1; cd /'), ['bash', { restart: true }], bash('echo "<$x>"; pwd')]],
    ['a restart with a command', [bash('x=1'), bash('echo "<$x>"', { restart: true })]],
    ['folder, variables, functions', [bash('mkdir -p a/b; cd a; x="1  2"; f() { echo "f $1"; }'), bash('pwd; f "$x"')]],
    ['arrays and exports', [bash('a=(1 "2 3"); export E=5'), bash('echo "${a[1]}"; sh -c \'echo $E\'')]],
    ['end-of-file for who asks', [bash('cat; read -r x || echo "eof <$x>"')]],
    ['colours', [bash(`printf '\\033[31mred\\033[0m\\n\\n\\n'`)]],
    ['quotes and lines', [bash(`echo "a'b" 'c"d' \\\\ \ncat << 'X'\n$HOME\nX\necho end`)]],
    ['a failure in the middle', [bash('nonsense_command 2> /dev/null; echo "$?"; true')]],
    ['a command that was not found', [bash('nonsense_command 2> /dev/null')]],
    ['files that are written and read', [write('d/e/f.txt', 'ü\n🙂\n'), read('d/e/f.txt'), read('d/e/f.txt', 1, 1)]],
    ['an empty file', [write('empty', ''), read('empty'), read('empty', 1, 5)]],
    [
      'a file without a last line break',
      [write('f', 'a\nb'), read('f'), read('f', 2, 2), read('f', 2, 0), read('f', 3, 9)],
    ],
    ['ranges', [write('f', '1\n2\n3\n4\n'), read('f', 2, 3), read('f', 3, -1), read('f', 4, 4), read('f', 0, 1)]],
    ['ranges beyond', [write('f', '1\n2\n'), read('f', 9, 12), read('f', 2, 1)]],
    ['what is written over', [write('f', 'long content'), write('f', 'x'), bash('cat f')]],
    ['no file', [read('none'), edit('none', 'a', 'b')]],
    ['an edit', [write('f', 'a b a'), edit('f', 'b', '$& $1 \\n'), read('f')]],
    ['an edit of all', [write('f', 'aaaa'), edit('f', 'aa', 'b', { replace_all: true }), read('f')]],
    ['an edit to nothing', [write('f', 'one\ntwo\n'), edit('f', 'one\n', ''), read('f')]],
    ['an edit of one with replace_all', [write('f', 'x'), edit('f', 'x', 'y', { replace_all: true })]],
    ['patterns', [write('a.ts', ''), glob('*.ts'), glob('*.js'), glob('**/*.ts'), glob('{a,b}.ts'), glob('?.ts')]],
    ['patterns of folders', [write('s/t/u.ts', ''), glob('**/*.ts'), glob('s/*/u.ts'), glob('*.ts', { path: 's/t' })]],
    ['folders that are left out', [write('node_modules/m.ts', ''), write('.git/g.ts', ''), glob('**/*.ts')]],
    ['searches', [write('a.txt', 'one\ntwo\n'), grep('tw'), grep('^o.e$'), grep('three')]],
  ])('do as the SDK’s own do: %s', async (_, calls) => {
    const pairs = await compare(calls)
    expect(pairs.map(({ ours }) => withoutManner(ours))).toEqual(pairs.map(({ theirs }) => withoutManner(theirs)))
  })

  test.each<[string, readonly Call[], ToolOutcome, ToolOutcome]>([
    ['the code of a failure with output', [bash('echo a; false')], bad('a\nexit 1'), bad('a')],
    ['leaving the shell', [bash('exit 3')], bad('exit 3'), bad('bash: bash session terminated')],
    ['the state after that', [bash('x=1'), bash('x=2; exit 3'), bash('echo "<$x>"')], good('<2>'), good('<>')],
    ['the state after set -e', [bash('x=1'), bash('set -e; false'), bash('echo "<$x>"')], good('<1>'), good('<>')],
    [
      'a time limit',
      [bash('x=1'), bash('echo a; sleep 30', { timeout_ms: 300 })],
      bad('a\nbash: ended after 300 ms, the time limit, with everything it had started'),
      bad('bash: bash command timed out after 300ms'),
    ],
    [
      'the state after that',
      [bash('x=1'), bash('sleep 30', { timeout_ms: 300 }), bash('echo "<$x>"')],
      good('<1>'),
      good('<>'),
    ],
    [
      'a folder that is read',
      [bash('mkdir d'), read('d')],
      bad('read: d: is a directory, expected a file'),
      bad('read: d is not a regular file'),
    ],
    [
      'a path that leads out',
      [read('../x')],
      bad('read: path "../x" is outside /workspace, /tmp and /mnt/session'),
      bad('path "../x" is outside the session\'s working directory'),
    ],
    [
      'an edit of nothing',
      [write('f', 'a'), edit('f', 'b', 'c')],
      bad('edit: old_string is not in f'),
      bad('edit: old_string not found in f'),
    ],
    [
      'a search of one file',
      [write('a.txt', 'one\ntwo\n'), grep('tw', { path: 'a.txt' })],
      good('/workspace/a.txt:2:two'),
      good('2:two\n'),
    ],
    [
      'an edit of several',
      [write('f', 'aa'), edit('f', 'a', 'c')],
      bad('edit: old_string stands 2 times in f, expected once: give more of its surroundings, or replace_all'),
      bad('edit: old_string appears 2 times in f (must be unique)'),
    ],
  ])('differ on purpose in %s', async (_, calls, ours, theirs) => {
    const last = (await compare(calls)).at(-1)
    expect(last).toEqual({ ours, theirs })
  })

  test('refuse and take the same sizes, in other words', async () => {
    const large = bash(`seq 60000 > many; head -c 300000 /dev/zero | tr '\\0' x > line`)
    const pairs = await compare([large, read('many'), read('many', 2, 3), read('line'), read('line', 1, 1)])
    expect(pairs.map(({ ours }) => withoutWords(ours))).toEqual(pairs.map(({ theirs }) => withoutWords(theirs)))
    expect(pairs.map(({ ours }) => ours.isError)).toEqual([false, true, false, true, true])
  })

  test('list the newest 200 files, of which ours say that there are more', async () => {
    const make = bash('for i in $(seq 250); do touch -d "@$((1700000000 + i % 7 * 1000 + i))" "f$i.ts"; done')
    const { ours, theirs } = (await compare([make, glob('*.ts')]))[1] ?? {}
    expect(theirs?.text.split('\n')).toHaveLength(200)
    expect(ours).toEqual(good(`${theirs?.text}\n[50 older files are left out]`))
  })

  test('show outputs whole up to 100,000 characters, and from there on in a way of their own', async () => {
    const [whole, longer] = await compare([bash(`head -c 100000 /dev/zero | tr '\\0' x`), bash('seq 60000')])
    expect(whole?.ours).toEqual(whole?.theirs)
    expect(longer?.theirs.text).toMatch(/^\[output truncated\][^]*\n60000$/)
    expect(longer?.ours.text).toMatch(/^1\n2\n[^]*\/workspace\/\.outputs\/\w+\.txt[^]*\n60000$/)
  })

  test('do as the SDK’s own do with any files, lines and texts', async () => {
    const path = fc.constantFrom('a', 'b.txt', 'c/d.txt', 'c/e f.md')
    const text = fc
      .array(fc.constantFrom('a', 'b', ' ', '\n', 'ü', '🙂', '$&', '\\', "'", '"', '\t', 'ab'), { maxLength: 12 })
      .map((parts) => parts.join(''))
    const line = fc.integer({ min: 0, max: 6 })
    const call: fc.Arbitrary<Call> = fc.oneof(
      fc.tuple(path, text).map(([at, content]) => write(at, content)),
      path.map((at) => read(at)),
      fc.tuple(path, line, fc.integer({ min: -1, max: 6 })).map(([at, from, to]) => read(at, from, to)),
      fc
        .tuple(
          path,
          text.filter((old) => old !== ''),
          text,
          fc.boolean(),
        )
        .map(([at, from, to, replace_all]) => edit(at, from, to, { replace_all })),
      text.map((said) => bash(`printf %s '${said.replaceAll("'", `'\\''`)}'`)),
      text.map((value) => bash(`v='${value.replaceAll("'", `'\\''`)}'`)),
      fc.constant(bash('printf "<%s>" "$v"')),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 4, maxLength: 14 }), async (calls) => {
        const pairs = await compare(calls)
        expect(pairs.map(({ ours }) => withoutWords(ours))).toEqual(pairs.map(({ theirs }) => withoutWords(theirs)))
      }),
      { numRuns: 12 },
    )
  })
})
