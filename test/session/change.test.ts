import { describe, expect, test } from 'vitest'
import { parseChange } from '../../src/session/change.ts'

const FILE = {
  id: 'sesrsc_1',
  type: 'file',
  file_id: 'file_1',
  mount_path: '/mnt/session/uploads/a',
  size: 3,
  sha256: 'ab',
  created_at: '2026-03-01T12:00:00.000Z',
}
const REPOSITORY = {
  id: 'sesrsc_2',
  type: 'github_repository',
  url: 'https://github.com/o/r',
  mount_path: '/workspace/r',
  checkout: { type: 'branch', name: 'main' },
  created_at: '2026-03-01T12:00:00.000Z',
}
const cap = { type: 'limit', max_list_cost: { amount: '5', currency: 'USD' } }

describe('a change that an update asks for', () => {
  test.each([
    [{}, {}],
    [undefined, {}],
    ['text', {}],
    [{ title: null }, { title: null }],
    [{ title: 'a' }, { title: 'a' }],
    [{ metadata: { a: '1', b: null } }, { metadata: { a: '1', b: null } }],
    [{ budget: null }, { budget: null }],
    [{ budget: { ...cap, more: 1 } }, { budget: cap }],
    [{ title: 'a', type: 'failed', message: 'x', entries: [] }, { title: 'a' }],
    [{ configuration: { id: 'cfg_2', base: 'cfg_1', agent: {} } }, { configuration: { id: 'cfg_2', base: 'cfg_1' } }],
    [{ resources: { remove: 'sesrsc_1', more: 1 } }, { resources: { remove: 'sesrsc_1' } }],
    [{ resources: { add: FILE } }, { resources: { add: FILE } }],
    [{ resources: { add: REPOSITORY } }, { resources: { add: REPOSITORY } }],
  ])('%j asks for %j and nothing else', (payload, change) => {
    expect(parseChange(payload)).toEqual({ ok: true, change })
  })

  test.each([
    [{ title: 7 }, /^title/],
    [{ title: 'x'.repeat(513) }, /^title/],
    [{ metadata: null }, /^metadata/],
    [{ budget: 5 }, /^budget: expected null or \{"type":"limit"/],
    [{ budget: { ...cap, max_list_cost: { amount: '0', currency: 'USD' } } }, /^budget/],
    [{ metadata: [] }, /^metadata/],
    [{ metadata: { a: 5 } }, /^metadata/],
    [{ metadata: { a: 'x'.repeat(513) } }, /^metadata/],
    [{ metadata: { ['k'.repeat(65)]: 'x' } }, /^metadata/],
    [{ configuration: null }, /^configuration: expected id and base/],
    [{ configuration: 'cfg_2' }, /^configuration/],
    [{ configuration: { id: 'cfg_2' } }, /^configuration/],
    [{ configuration: { base: 'cfg_1' } }, /^configuration/],
    [{ configuration: { id: '', base: 'cfg_1' } }, /^configuration/],
    [{ configuration: { id: 'x'.repeat(129), base: 'cfg_1' } }, /^configuration/],
    [{ configuration: { id: 'cfg_2', base: 7 } }, /^configuration/],
    [{ resources: null }, /^resources: expected \{"add"/],
    [{ resources: [] }, /^resources/],
    [{ resources: { remove: '' } }, /^resources/],
    [{ resources: { remove: 7 } }, /^resources/],
    [{ resources: { remove: 'x'.repeat(8_001) } }, /^resources/],
    [{ resources: { add: { ...FILE, size: '3' } } }, /^resources/],
    [{ resources: { add: { ...FILE, mount_path: `${FILE.mount_path}${'x'.repeat(8_000)}` } } }, /^resources/],
    [{ resources: { add: { ...REPOSITORY, checkout: { type: 'tag', name: 'v1' } } } }, /^resources/],
  ])('%j is refused by name', (payload, reason) => {
    expect(parseChange(payload)).toEqual({ ok: false, reason: expect.stringMatching(reason) })
  })
})
