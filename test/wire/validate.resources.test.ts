import { describe, expect, test } from 'vitest'
import type { Bodies } from '../../src/wire/requests.ts'
import { createValidator } from '../../src/wire/validate.ts'
import { failure } from './failure.ts'
import { list, messageFirst, SESSION } from './requests.ts'
import type { BadRequest } from './requests.ts'

const validator = createValidator()
const REPOSITORY = { type: 'github_repository', url: 'https://github.com/o/r' }

const GOOD: [keyof Bodies, unknown][] = [
  ['resources.add', { type: 'file', file_id: 'file_1', mount_path: null }],
  ['resources.update', { authorization_token: 'x' }],
]

const BAD: BadRequest<keyof Bodies>[] = [
  ['resources.add', { type: 'file' }, 'file_id: required, but missing'],
  ['resources.add', { type: 'memory_store', file_id: 'file_1' }, 'type: expected "file", got "memory_store"'],
  ['resources.add', { type: 'file', file_id: '' }, 'file_id: expected at least 1 characters, got 0'],
  [
    'resources.add',
    { type: 'file', file_id: 'file_1', mount_path: 'x'.repeat(4096) },
    'mount_path: expected at most 4095 characters, got 4096',
  ],
  ['resources.update', {}, 'authorization_token: required, but missing'],
  ['resources.update', { authorization_token: null }, 'authorization_token: expected string, got null'],
  [
    'resources.update',
    { authorization_token: 'secret\n' },
    'authorization_token: expected 1 to 4096 visible ASCII characters, got something else',
  ],
  [
    'sessions.create',
    { ...SESSION, resources: [{ type: 'github_repository', url: 'https://secret@github.com/o/r.git' }] },
    'resources.0.url: expected https://github.com/<owner>/<repo> without .git, got something else',
  ],
  [
    'sessions.create',
    { ...SESSION, resources: [{ ...REPOSITORY, checkout: { type: 'branch', name: '--upload-pack=x' } }] },
    'resources.0.checkout.name: expected the name of a branch, as git takes it, got "--upload-pack=x"',
  ],
  [
    'sessions.create',
    { ...SESSION, resources: [{ ...REPOSITORY, checkout: { type: 'commit', sha: 'main' } }] },
    'resources.0.checkout.sha: expected a commit in 40 or 64 hexadecimal digits, got "main"',
  ],
  [
    'sessions.create',
    { ...SESSION, resources: list(501, { type: 'file', file_id: 'file_1' }) },
    'resources: expected at most 500 items, got 501',
  ],
  [
    'sessions.create',
    { ...SESSION, resources: list(21, REPOSITORY) },
    'resources: expected at most 20 repositories, got 21',
  ],
]

describe('bodies of resources', () => {
  test.each(GOOD)('takes for %s the good body %#', (route, body) => {
    expect(validator.parseBody(route, body)).toBe(body)
  })

  test.each(BAD.map(messageFirst))('says for %s: %s', (route, message, body) => {
    expect(failure(() => validator.parseBody(route, body))).toMatchObject({ kind: 'invalid_request', message })
  })
})
