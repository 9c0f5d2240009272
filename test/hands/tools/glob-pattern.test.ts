import { describe, expect, test } from 'vitest'
import { listEndings, parseGlob } from '../../../src/hands/tools/glob-pattern.ts'

describe('a glob pattern', () => {
  test.each([
    ['*.ts', ['a.ts', '.ts.ts'], ['a.ts']],
    ['*', ['a', 'a/b', '.a'], ['a']],
    ['**', ['a', 'a/b', '.a', 'a/.b', '.a/b'], ['a', 'a/b']],
    ['**/*', ['a', 'a/b/c'], ['a', 'a/b/c']],
    ['src/**', ['src', 'src/a', 'src/a/b', 'other/a'], ['src/a', 'src/a/b']],
    ['**/a', ['a', 'b/a', 'b/c/a', 'ba', '.x/a'], ['a', 'b/a', 'b/c/a']],
    ['a/**/z', ['a/z', 'a/b/z', 'a/b/c/z', 'a/.b/z', 'az'], ['a/z', 'a/b/z', 'a/b/c/z']],
    ['**/b/**/d', ['b/d', 'a/b/c/b/d', 'b/b/b/d', 'b/c'], ['b/d', 'a/b/c/b/d', 'b/b/b/d']],
    ['a**b', ['ab', 'axxb', 'a/b'], ['ab', 'axxb']],
    ['a?c', ['abc', 'ac', 'a/c', 'aüc', 'a🙂c'], ['abc', 'aüc', 'a🙂c']],
    ['[abc].x', ['a.x', 'd.x'], ['a.x']],
    ['[a-c1-3].x', ['b.x', '2.x', '-.x', '4.x'], ['b.x', '2.x']],
    ['[!a-c]', ['a', 'd', '-'], ['d', '-']],
    ['[^a]', ['a', 'b'], ['b']],
    ['[]a]', [']', 'a', 'b'], [']', 'a']],
    ['[a', ['[a', 'a'], ['[a']],
    ['[a-]', ['a', '-', 'b'], ['a', '-']],
    ['{a,b}.{ts,js}', ['a.ts', 'b.js', 'c.ts', 'a.py'], ['a.ts', 'b.js']],
    ['{a,{b,c}d}', ['a', 'bd', 'cd', 'b'], ['a', 'bd', 'cd']],
    ['a{,x}', ['a', 'ax', 'ay'], ['a', 'ax']],
    ['{a}', ['{a}', 'a'], ['{a}']],
    ['{a', ['{a'], ['{a']],
    ['{{a,b}', ['{a', '{b', 'a'], ['{a', '{b']],
    ['.*', ['.a', 'a'], ['.a']],
    ['.git/*', ['.git/a', '.git/.b'], ['.git/a']],
    ['**/.x', ['.x', 'a/.x', '.y/.x'], ['.x', 'a/.x']],
    ['\\*', ['*', 'a'], ['*']],
    ['a.b', ['a.b', 'axb'], ['a.b']],
    ['(x|y)+', ['(x|y)+', 'x'], ['(x|y)+']],
    ['./a//b', ['a/b'], ['a/b']],
  ])('%s picks from %j', (pattern, paths, picked) => {
    const matches = parseGlob(pattern)
    expect(typeof matches === 'function' && paths.filter((path) => matches(path))).toEqual(picked)
    const endings = listEndings(pattern)
    for (const path of picked) expect(endings.length === 0 || endings.some((end) => path.endsWith(end))).toBe(true)
  })

  test.each([
    ['**/*.ts', ['.ts']],
    ['src/*.{ts,tsx,ts}', ['.ts', '.tsx']],
    ['a[bc]d', ['d']],
    ['a?', []],
    ['{x,**}', []],
    ['\\*', []],
    ['a\\', []],
    ['dir/', ['dir']],
    [`*.{${Array.from({ length: 60 }, (_, i) => i).join()}}`, []],
  ])('%s picks names that end with one of %j', (pattern, endings) => {
    expect(listEndings(pattern)).toEqual(endings)
  })

  test.each([
    ['/etc/*', /absolute/],
    ['../x', /"\.\."/],
    ['a/../b', /"\.\."/],
    ['{a,..}/x', /"\.\."/],
    ['{a,b}'.repeat(12), /more than 1000 alternatives/],
  ])('%s is refused', (pattern, problem) => {
    expect(parseGlob(pattern)).toEqual({ problem: expect.stringMatching(problem) })
  })

  test('with many stars against a long path comes to an end', () => {
    const matches = parseGlob(`${'*a'.repeat(200)}b`)
    expect(typeof matches === 'function' && matches('a'.repeat(4_000))).toBe(false)
    const deep = parseGlob(`${'**/a/'.repeat(100)}b`)
    expect(typeof deep === 'function' && deep('a/'.repeat(1_000) + 'c')).toBe(false)
  })
})
