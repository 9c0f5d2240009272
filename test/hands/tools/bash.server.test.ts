import { beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '../../../src/hands/sandbox.ts'
import { sandboxKinds } from '../../support/docker.ts'
import { useSandboxes } from '../sandboxes-of.ts'
import { bad, callTool, good } from './call-tool.ts'

describe.each(await sandboxKinds())('tools in a %s sandbox', (kind) => {
  const sandboxes = useSandboxes(kind)

  describe('bash', () => {
    let sandbox: Sandbox
    beforeAll(async () => {
      sandbox = (await sandboxes.open()).sandbox
    })

    const bash = (command: string, more: object = {}) => callTool(sandbox, 'bash', { command, ...more })

    test.each([
      ['both streams', 'echo out; echo err >&2', good('out\nerr')],
      ['nothing', 'true', good('')],
      ['the code of a failure without output', 'exit 3', bad('exit 3')],
      ['output and code of a failure', 'echo half; false', bad('half\nexit 1')],
      ['end-of-file to a command that asks', 'read -r line || echo "eof <$line>"', good('eof <>')],
      ['no colours', `printf '\\033[31mred\\033[0m \\033]0;title\\007plain\\n'`, good('red plain')],
      ['NUL and bad bytes visibly', `printf 'a\\0b\\377c'`, good('a\u{FFFD}b\u{FFFD}c')],
      [
        'an error with its line',
        'nonsense_command',
        bad(expect.stringMatching(/^bash: line \d+: nonsense_command: command not found\nexit 127$/)),
      ],
      ['no arguments', 'echo "$# $0"', good('0 bash')],
      ['several lines and a heredoc', 'cat <<X\none\ntwo\nX\necho three', good('one\ntwo\nthree')],
      ['no variable of its own making', `set | grep -c '^text=' ; env | grep -c __lh`, bad('0\n0\nexit 1')],
    ])('gives %s', async (_, command, outcome) => {
      expect(await bash(command)).toEqual(outcome)
    })

    test.each([
      [
        'the working folder',
        'mkdir -p "/workspace/a b" && cd "/workspace/a b"',
        'pwd; cd - > /dev/null; pwd',
        '/workspace/a b\n/workspace',
      ],
      ['plain and exported variables', 'x=1; export y="2 3"', 'echo "$x $y"; env | grep -c "^[xy]="', '1 2 3\n1'],
      ['arrays', 'a=(one "two three"); declare -A m=([k]=v)', 'echo "${a[1]} ${m[k]}"', 'two three v'],
      ['values with line breaks and quotes', `v=$'it\\'s "a"\\n# 1\\n$b\\\\'`, 'printf %s "$v"', `it's "a"\n# 1\n$b\\`],
      [
        'functions',
        'greet() { echo "hello $1"; }; export -f greet',
        'greet you; bash -c "greet child"',
        'hello you\nhello child',
      ],
      [
        'functions with extended patterns',
        'shopt -s extglob\nf() { case $1 in @(a|b)) echo yes;; esac; }',
        'shopt -s extglob; f b',
        'yes',
      ],
      ['aliases', `alias hi='echo hi there'`, 'hi', 'hi there'],
      ['the umask', 'umask 077', 'umask; umask 022', '0077'],
      [
        'a changed PATH and IFS',
        'PATH=/nowhere; IFS=,',
        'echo "$PATH|$IFS"; PATH=/usr/bin:/bin; unset IFS',
        '/nowhere|,',
      ],
      [
        'read-only variables',
        'declare -r fixed=1',
        'echo $fixed; fixed=2 || true',
        '1\nbash: line 1: fixed: readonly variable',
      ],
      ['what was unset', 'gone=1; unset gone', 'echo "<${gone-}>"', '<>'],
    ])('carries over %s', async (_, first, second, text) => {
      await bash(first)
      expect(
        (await bash(second)).text.replace(/bash: line \d+: fixed.*/s, 'bash: line 1: fixed: readonly variable'),
      ).toBe(text)
    })

    test.each([
      ['exit', 'kept=a; exit 5', bad('exit 5')],
      ['exit in a function', 'kept=a; f() { exit 6; }; f', bad('exit 6')],
      ['set -e', 'kept=a; set -e; false; echo not reached', bad('exit 1')],
      ['set -u and set -x', 'kept=a; set -u; unset nothing; set +u', good('')],
      [
        'an alias and a function named like builtins',
        `kept=a; cd() { echo no; }; declare() { :; }; builtin() { :; }; printf() { :; }; alias echo=false`,
        good(''),
      ],
      ['noclobber', 'kept=a; set -C', good('')],
      ['a broken PATH', 'kept=a; PATH=', good('')],
    ])('keeps its state over %s', async (_, command, outcome) => {
      const { sandbox: own } = await sandboxes.open()
      expect(await callTool(own, 'bash', { command })).toEqual(outcome)
      const after = await callTool(own, 'bash', {
        command: 'unset -f cd declare printf; unalias -a\n/bin/echo "<$kept> $-"',
      })
      expect(after).toEqual(good('<a> hBc'))
    })

    test.each([
      ['an unbalanced quote', `kept=b; echo "oops`, /unexpected EOF/],
      ['exec', 'kept=b; exec echo replaced', /replaced/],
      ['its own kill', 'kept=b; kill -KILL $$', /exit 137/],
      ['kill -9 -1', 'kept=b; kill -9 -1; sleep 1', /killed: by something in the sandbox .* not run again/],
      [
        'a state file cut short',
        `kept=b; trap - EXIT; for f in a b; do [ -e /run/longhand/shell.$f ] || echo '# 9' > /run/longhand/shell.$f; done`,
        /^$/,
      ],
    ])('has the state of the call before after %s', async (_, command, text) => {
      const { sandbox: own } = await sandboxes.open()
      await callTool(own, 'bash', { command: 'kept=a' })
      expect((await callTool(own, 'bash', { command })).text).toMatch(text)
      expect(await callTool(own, 'bash', { command: 'echo "<$kept>"' })).toEqual(good('<a>'))
    })

    test('ends a command at its time limit, keeps what it wrote and goes on', async () => {
      await bash('still=here')
      const outcome = await bash(`trap '' TERM; echo begun; sleep 300`, { timeout_ms: 300 })
      expect(outcome).toEqual(
        bad(expect.stringMatching(/^begun\n(Killed\n)?bash: ended after 300 ms, the time limit, /)),
      )
      expect(await bash('echo $still')).toEqual(good('here'))
    })

    test('says that the working folder is gone', async () => {
      await bash('mkdir /tmp/gone; cd /tmp/gone; rmdir /tmp/gone')
      expect(await bash('pwd')).toEqual(good('bash: the working folder is gone, back in /workspace\n/workspace'))
      expect(await bash('pwd')).toEqual(good('/workspace'))
    })

    test('runs parallel calls one after the other', async () => {
      await bash('cd /workspace; count=0')
      const outcomes = await Promise.all([1, 2, 3, 4].map(() => bash('mkdir held && count=$((count+1)) && rmdir held')))
      expect(outcomes).toEqual(Array(4).fill(good('')))
      expect(await bash('echo $count')).toEqual(good('4'))
    })

    test('starts again without state and without what was left running', async () => {
      await bash('secret=1; (sleep 300 > /dev/null 2>&1 &); setsid sleep 301 > /dev/null 2>&1 &')
      const left = `ps -e -o args | grep '^sleep 30[01]'`
      expect((await bash(left)).text.split('\n')).toHaveLength(2)
      expect(await callTool(sandbox, 'bash', { restart: true })).toEqual(good('bash session restarted'))
      expect(await bash(`echo "<$secret>"; ${left}`)).toEqual(bad('<>\nexit 1'))
      expect(await bash('echo "<$again>"; again=1', { restart: true })).toEqual(good('<>'))
      expect(await bash('echo "<$again>"', { restart: true })).toEqual(good('<>'))
    })

    test.each([
      ['x', 100_000],
      ['€', 100_000],
      ['🙂', 100_000],
    ])('gives an output of %s, %i times, whole', async (char, count) => {
      const text = char.repeat(count)
      expect(await bash(`yes ${char} | head -${count} | tr -d '\\n'`)).toEqual(good(text))
    })

    const filed = 'read parts of it with view_range, or use grep, head and tail on it]'
    const lineOf = (text: string) => /\n(\[\d.*\])\n/.exec(text)?.[1]

    test.each([
      ['x', 100_001, '[100,001 bytes of output, too long to show.'],
      ['€', 100_001, '[300,003 bytes of output, too long to show.'],
      ['🙂', 200_000, '[800,000 bytes of output, too long to show.'],
    ])('puts an output of %s, %i times, into a file and shows both ends', async (char, count, size) => {
      const id = `long_${char.codePointAt(0)}`
      const command = `yes ${char} | head -${count} | tr -d '\\n'; exit 3`
      const { text, isError } = await callTool(sandbox, 'bash', { command }, { id })
      const end = char.repeat(2_000)
      const path = `/workspace/.outputs/${id}.txt`
      expect(isError).toBe(true)
      expect(text).toBe(`${end}\n${size} It is in ${path}: ${filed}\n${end}\nexit 3`)
      expect(await bash(`tr -d '\\n' < ${path} | wc -c; grep -c . ${path}`)).toEqual(
        good(`${Buffer.byteLength(char) * count}\n1`),
      )
    })

    test('says what is missing of an output that is too long for its file too', async () => {
      const { text } = await callTool(sandbox, 'bash', { command: 'seq 3000000' }, { id: 'huge' })
      expect(text).toMatch(/^1\n2\n/)
      expect(text).toMatch(/\n2999999\n3000000$/)
      expect(lineOf(text)).toBe(
        `[22,888,896 bytes of output, too long to show. It is in /workspace/.outputs/huge.txt but for 12,386,752 bytes in the middle: ${filed}`,
      )
      expect(text.length).toBeLessThan(4_300)
      expect((await bash('grep -an "left out" .outputs/huge.txt')).text).toContain('[12386752 bytes are left out here]')
    })

    test('gives the retry of a call with a long output the same, and leaves its file alone', async () => {
      const call = () =>
        callTool(sandbox, 'bash', { command: 'echo run >> long_runs; seq 100000' }, { id: 'long_twice' })
      const first = await call()
      expect(lineOf(first.text)).toContain('It is in /workspace/.outputs/long_twice.txt: ')
      await bash('echo mine > .outputs/long_twice.txt')
      expect(await call()).toEqual(first)
      expect(await bash('cat long_runs .outputs/long_twice.txt')).toEqual(good('run\nmine'))
    })

    test('shows a long output without terminal codes, and says how the command ended', async () => {
      const red = `yes $'\\033[31mred\\033[0m' | head`
      expect((await bash(`${red} -20000`)).text).toBe('red\n'.repeat(20_000).trimEnd())
      const { text } = await bash(`${red} -40000; sleep 300`, { timeout_ms: 4_000 })
      expect(lineOf(text)).toContain('[520,000 bytes of output')
      expect(text).toMatch(/^red\nred\n/)
      expect(text).toMatch(/red\nbash: ended after 4000 ms, the time limit, with everything it had started$/)
    })

    test('shows more of a long output when it cannot be kept', async () => {
      const { sandbox: own } = await sandboxes.open()
      await callTool(own, 'bash', { command: 'echo x > .outputs' })
      const { text } = await callTool(own, 'bash', { command: 'seq 100000' }, { id: 'unkept' })
      expect(lineOf(text)).toBe(
        '[588,895 bytes of output, too long to show. What is left out here could not be kept: /workspace/.outputs/unkept.txt: permission denied]',
      )
      expect(text.length).toBeGreaterThan(60_000)
      expect(text.length).toBeLessThan(100_000)
    })

    test('keeps its files out of git, glob and the commands of the agent', async () => {
      const { sandbox: own } = await sandboxes.open()
      await callTool(own, 'bash', { command: 'git init -q . && seq 100000' })
      expect(await callTool(own, 'bash', { command: 'git status --porcelain; ls' })).toEqual(good(''))
      expect(await callTool(own, 'glob', { pattern: '**/*' })).toEqual(good('no matches'))
      expect(await callTool(own, 'grep', { pattern: '99999' })).toEqual(good('no matches'))
    })

    test('takes a command of 500 KB', async () => {
      const long = `it's ü `.repeat(60_000)
      expect(await bash(`printf %s "${long}" | wc -m`)).toEqual(good(`${Array.from(long).length}`))
    })

    test('is given up by its signal', async () => {
      const controller = new AbortController()
      const outcome = callTool(
        sandbox,
        'bash',
        { command: 'touch /tmp/begun; sleep 300' },
        { signal: controller.signal },
      )
      await sandbox.run({
        id: 'begun',
        command: 'until [ -e /tmp/begun ]; do sleep 0.02; done',
        timeoutMs: 9_000,
        capBytes: 2_048,
      })
      controller.abort()
      expect(await outcome).toEqual(bad('bash: the call was given up and what ran for it was ended'))
    })

    test('answers a retry with what the first try gave', async () => {
      const command = 'echo run >> /workspace/runs; wc -l < /workspace/runs'
      const first = await callTool(sandbox, 'bash', { command }, { id: 'sevt_again' })
      expect(await callTool(sandbox, 'bash', { command }, { id: 'sevt_again' })).toEqual(first)
      expect(first).toEqual(good('1'))
    })

    test.each([
      [{}, 'bash: command is required, expected a string'],
      [{ command: 'a\0b' }, 'bash: command holds U+0000, which no shell can take'],
      [{ command: 'true', timeout_ms: 0 }, 'bash: expected timeout_ms to be an integer from 1 to 3600000, got 0'],
    ])('refuses %j', async (input, text) => {
      expect(await callTool(sandbox, 'bash', input)).toEqual(bad(text))
    })
  })
})
