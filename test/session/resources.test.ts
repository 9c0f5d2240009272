import { describe, expect, test } from 'vitest'
import type { ResourceEntry } from '../../src/session/entry.ts'
import { fold } from '../../src/session/fold.ts'
import { resourcesOf } from '../../src/session/resources.ts'
import { emptyState, fileResource, foldAll, repositoryResource } from '../support/session-builders.ts'

const added = (resource: ResourceEntry) => ({ type: 'log.resource', resource }) as const
const removed = (id: string) => ({ type: 'log.resource_removed', id }) as const

describe('the resources of a state', () => {
  test('are ids in log order, and every change counts', () => {
    const changes = [added(fileResource('a')), added(repositoryResource('b')), removed('a'), added(fileResource('c'))]
    expect(foldAll(emptyState(), ...changes)).toMatchObject({ resources: ['b', 'c'], supplies: 4 })
  })

  test.each([
    ['one that is there', added(fileResource('a'))],
    ['the removal of one that is not', removed('b')],
  ])('stay as they are with %s', (_, entry) => {
    const state = fold(emptyState(), added(fileResource('a')))
    expect(fold(state, entry)).toBe(state)
  })

  test('are none where there were never any', () => {
    expect(fold(emptyState(), removed('a'))).toEqual(emptyState())
  })
})

describe('the resources of an input', () => {
  test('are those that it names, each once', () => {
    const branch = repositoryResource('b', { type: 'branch', name: 'main' })
    const commit = repositoryResource('c', { type: 'commit', sha: 'a'.repeat(40) })
    const resources = [fileResource('a'), branch, commit, repositoryResource('d'), fileResource('a', { size: 7 })]
    expect(resourcesOf({ resources })).toEqual(resources.slice(0, 4))
  })

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['no list', { resources: { 0: fileResource('a') } }],
    ['no objects', { resources: ['a', null, 7] }],
    ['another type', { resources: [{ ...fileResource('a'), type: 'memory_store' }] }],
    ['a file without a path', { resources: [{ ...fileResource('a'), mount_path: undefined }] }],
    ['a file somewhere else', { resources: [fileResource('a', { mount_path: '/etc/passwd' })] }],
    ['a file that leads outside', { resources: [fileResource('a', { mount_path: '/mnt/session/uploads/../a' })] }],
    ['a file with a line break', { resources: [fileResource('a', { mount_path: '/mnt/session/uploads/a\nb' })] }],
    ['a folder', { resources: [fileResource('a', { mount_path: '/mnt/session/uploads/' })] }],
    ['a repository as the workspace', { resources: [{ ...repositoryResource('a'), mount_path: '/workspace' }] }],
    ['a file without bytes', { resources: [{ ...fileResource('a'), sha256: null }] }],
    ['a file of a size that is none', { resources: [{ ...fileResource('a'), size: 0.5 }] }],
    ['a repository without a url', { resources: [{ ...repositoryResource('a'), url: 7 }] }],
    ['a checkout of nothing', { resources: [{ ...repositoryResource('a'), checkout: undefined }] }],
    [
      'a checkout of another kind',
      { resources: [{ ...repositoryResource('a'), checkout: { type: 'tag', name: 'v' } }] },
    ],
    ['a branch without a name', { resources: [repositoryResource('a', { type: 'branch' } as never)] }],
    ['a commit without one', { resources: [repositoryResource('a', { type: 'commit' } as never)] }],
  ])('are none in %s', (_, input) => {
    expect(resourcesOf(input)).toEqual([])
  })

  test('are at most 500', () => {
    const resources = Array.from({ length: 501 }, (_, index) => fileResource(`a${index}`))
    expect(resourcesOf({ resources })).toEqual(resources.slice(0, 500))
  })
})
