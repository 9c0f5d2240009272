import { describe, expect, test } from 'vitest'
import { ApiError } from '../../src/wire/errors.ts'
import { conflictOf, toFilePath, toRepositoryPath } from '../../src/wire/mount-path.ts'

const LONG = 'n'.repeat(255)

describe('the path of a file', () => {
  test.each([
    [null, 'file_1'],
    [undefined, 'file_1'],
    ['/data.csv', 'data.csv'],
    ['data.csv', 'data.csv'],
    ['a/b/c', 'a/b/c'],
    ['/mnt/session/uploads/a/b', 'a/b'],
    ['/mnt/session/outputs/a', 'mnt/session/outputs/a'],
    ['/proc/self/mem', 'proc/self/mem'],
    ['/etc/passwd', 'etc/passwd'],
    ['-rf', '-rf'],
    ['a "b"\\c', 'a "b"\\c'],
    ['...', '...'],
    ['.hidden', '.hidden'],
    ['.longhand', '.longhand'],
    ['\u202egnp.exe', '\u202egnp.exe'],
    [LONG, LONG],
    ['🙂'.repeat(63), '🙂'.repeat(63)],
  ])('given as %j is %j below the uploads', (given, path) => {
    expect(toFilePath(given, 'file_1', 'mount_path')).toBe(`/mnt/session/uploads/${path}`)
  })

  test.each([
    ['', 'without empty names'],
    ['/', 'without empty names'],
    ['//a', 'without empty names'],
    ['a//b', 'without empty names'],
    ['a/', 'without empty names'],
    ['/mnt/session/uploads/', 'without empty names'],
    ['.', 'without empty names, . and ..'],
    ['..', 'without empty names, . and ..'],
    ['a/../b', 'without empty names, . and ..'],
    ['/mnt/session/uploads/../outputs/a', 'without empty names, . and ..'],
    ['a/./b', 'without empty names, . and ..'],
    ['a\nb', 'without control characters'],
    ['a\u0000b', 'without control characters'],
    ['a\u007f', 'without control characters'],
    [`${LONG}n`, 'names of at most 255 bytes'],
    ['🙂'.repeat(64), 'names of at most 255 bytes'],
    [`${LONG}/`.repeat(16), 'without empty names'],
    [`${`${LONG}/`.repeat(16)}a`, 'at most 4095 bytes'],
  ])('given as %j is refused', (given, problem) => {
    const ask = (): string => toFilePath(given, 'file_1', 'resources.0.mount_path')
    expect(ask).toThrow(ApiError)
    expect(ask).toThrow(/^resources\.0\.mount_path: expected /)
    expect(ask).toThrow(problem)
  })
})

describe('the path of a repository', () => {
  test.each([
    [null, '/workspace/repo'],
    [undefined, '/workspace/repo'],
    ['/workspace/a/b', '/workspace/a/b'],
    ['/workspace/.github', '/workspace/.github'],
    ['/workspace/a/.longhand', '/workspace/a/.longhand'],
  ])('given as %j is %s', (given, path) => {
    expect(toRepositoryPath(given, 'repo', 'mount_path')).toBe(path)
  })

  test.each([
    ['/', 'below /workspace'],
    ['/workspace', 'below /workspace'],
    ['/workspace/', 'without empty names'],
    ['/workspaces/a', 'below /workspace'],
    ['/workspace/..', 'without empty names, . and ..'],
    ['/workspace/a/../../proc', 'without empty names, . and ..'],
    ['/workspace//a', 'without empty names'],
    ['repo', 'below /workspace'],
    ['..', 'below /workspace'],
    ['/proc', 'below /workspace'],
    ['/mnt/session/uploads/a', 'below /workspace'],
    ['/workspace/.longhand-x/a', 'the server’s own'],
    ['/workspace/.outputs', 'the server’s own'],
    ['/workspace/a\nb', 'control characters'],
  ])('given as %j is refused', (given, problem) => {
    const ask = (): string => toRepositoryPath(given, 'repo', 'mount_path')
    expect(ask).toThrow(ApiError)
    expect(ask).toThrow(problem)
  })

  test('is refused where its name by itself would be the server’s own', () => {
    expect(() => toRepositoryPath(null, '.outputs', 'mount_path')).toThrow('the server’s own')
  })
})

describe('paths', () => {
  test.each([
    [[], null],
    [['/a'], null],
    [['/a/b', '/a-b', '/a.b', '/ab'], null],
    [
      ['/b', '/a', '/b'],
      ['/b', '/b'],
    ],
    [
      ['/a/b/c', '/x', '/a'],
      ['/a', '/a/b/c'],
    ],
    [
      ['/a', '/a-b', '/a!', '/a/b'],
      ['/a', '/a/b'],
    ],
  ])('%j exclude each other: %j', (paths, pair) => {
    expect(conflictOf(paths)).toEqual(pair)
  })
})
