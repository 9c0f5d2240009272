import { describe, expect, test } from 'vitest'
import type { RepositoryParams } from '../../src/wire/resources.ts'
import {
  refusalOfSelfHosted,
  refuseConflicts,
  refuseLength,
  toFile,
  toRepository,
  toShown,
} from '../../src/wire/resources.ts'

const NOW = '2026-03-01T12:00:00.000Z'
const LATER = '2026-03-02T12:00:00.000Z'
const about = { id: 'sesrsc_1', now: NOW, field: 'resources.3' }
const HOSTS = ['https://github.com', 'http://127.0.0.1:3000/git']

function repository(change: Partial<RepositoryParams> = {}): RepositoryParams {
  return { type: 'github_repository', url: 'https://github.com/octo/repo', ...change }
}

describe('a repository', () => {
  test('has its name below the working folder and no checkout, unless others are given', () => {
    expect(toRepository(repository(), HOSTS, about)).toEqual({
      id: 'sesrsc_1',
      type: 'github_repository',
      url: 'https://github.com/octo/repo',
      mount_path: '/workspace/repo',
      checkout: null,
      created_at: NOW,
    })
    const checkout = { type: 'branch', name: 'main' } as const
    const given = repository({ url: 'http://127.0.0.1:3000/git/a/b', mount_path: '/workspace/x', checkout })
    expect(toRepository(given, HOSTS, about)).toMatchObject({ url: given.url, mount_path: '/workspace/x', checkout })
  })

  test('keeps no token', () => {
    const kept = toRepository(repository({ authorization_token: 'ghp_canary' }), HOSTS, about)
    expect(JSON.stringify(kept)).not.toContain('canary')
    expect(JSON.stringify(toShown(kept, NOW))).not.toContain('canary')
  })

  test.each([
    'https://gitlab.com/o/r',
    'http://github.com/o/r',
    'https://github.com.evil.com/o/r',
    'https://github.com/o/r/x',
    'https://github.com/o',
    'http://127.0.0.1:3000/o/r',
    'http://127.0.0.1:3001/git/o/r',
  ])('at %s is refused, without a word of its URL', (url) => {
    expect(() => toRepository(repository({ url }), HOSTS, about)).toThrow(
      /^resources\.3\.url: expected https:\/\/github\.com\/<owner>\/<repo> or http:\/\/127\.0\.0\.1:3000\/git\/<owner>\/<repo> without \.git$/,
    )
  })

  test('at a path of its own is refused with the path’s name', () => {
    const ask = (): unknown => toRepository(repository({ mount_path: '/proc' }), HOSTS, about)
    expect(ask).toThrow('resources.3.mount_path: expected a path below /workspace, got "/proc"')
  })
})

describe('a file', () => {
  const copy = { id: 'file_copy', size: 7, sha256: 'ab' }

  test('is the session’s own copy, at the path of its id unless another is given', () => {
    expect(toFile({ type: 'file', file_id: 'file_1' }, copy, about)).toEqual({
      id: 'sesrsc_1',
      type: 'file',
      file_id: 'file_copy',
      mount_path: '/mnt/session/uploads/file_copy',
      size: 7,
      sha256: 'ab',
      created_at: NOW,
    })
    const named = { type: 'file', file_id: 'file_1', mount_path: '/a.csv' } as const
    expect(toFile(named, copy, about)).toMatchObject({ mount_path: '/mnt/session/uploads/a.csv' })
    expect(() => toFile({ ...named, mount_path: '..' }, copy, { ...about, field: '' })).toThrow(/^mount_path: expected/)
  })
})

describe('a resource', () => {
  test('is shown with the wire’s fields and no others', () => {
    const file = toFile({ type: 'file', file_id: 'file_1' }, { id: 'file_2', size: 1, sha256: 'ab' }, about)
    expect(toShown(file, LATER)).toEqual({
      id: 'sesrsc_1',
      type: 'file',
      file_id: 'file_2',
      mount_path: '/mnt/session/uploads/file_2',
      created_at: NOW,
      updated_at: LATER,
    })
    expect(toShown(toRepository(repository(), HOSTS, about), LATER)).toEqual({
      id: 'sesrsc_1',
      type: 'github_repository',
      url: 'https://github.com/octo/repo',
      mount_path: '/workspace/repo',
      checkout: null,
      created_at: NOW,
      updated_at: LATER,
    })
  })

  test('excludes another at its path, and below it', () => {
    const at = (...paths: string[]) => paths.map((mount_path) => ({ mount_path }))
    expect(() => refuseConflicts(at('/a', '/b'))).not.toThrow()
    expect(() => refuseConflicts(at('/a', '/a'))).toThrow('resources: two of them are mounted at /a')
    expect(() => refuseConflicts(at('/a/b', '/a'))).toThrow('resources: /a and /a/b exclude each other')
  })

  test('has a path that is not too long together with the others', () => {
    const at = (count: number) => Array.from({ length: count }, () => ({ mount_path: 'é'.repeat(512) }))
    expect(() => refuseLength(at(256))).not.toThrow()
    expect(() => refuseLength(at(257))).toThrow('at most 262144 bytes together, got 263168')
  })

  test('is refused where the sandboxes are the user’s own', () => {
    expect(refusalOfSelfHosted('env_1')).toMatchObject({
      message: 'environment_id: env_1 is self-hosted: its sessions take no file or github_repository resources',
      options: { code: 'not_supported' },
    })
  })
})
