import { describe, expect, test } from 'vitest'
import { createEnvironment, packagesOf } from '../../src/wire/environments.ts'
import { ApiError } from '../../src/wire/errors.ts'
import type { Environment, EnvironmentCreate } from '../../src/wire/types.ts'

const NOW = '2026-11-21T00:00:00Z'
const NO_PACKAGES = { type: 'packages', apt: [], cargo: [], gem: [], go: [], npm: [], pip: [] }
const OPEN = { type: 'cloud', networking: { type: 'unrestricted' }, packages: NO_PACKAGES }

function create(body: Partial<EnvironmentCreate> = {}): Environment {
  return createEnvironment({ name: 'e', ...body }, { id: 'env_1', now: NOW })
}

describe('createEnvironment', () => {
  test('fills every default in', () => {
    expect(create()).toEqual({
      id: 'env_1',
      type: 'environment',
      name: 'e',
      description: null,
      config: OPEN,
      metadata: {},
      scope: 'organization',
      created_at: NOW,
      updated_at: NOW,
      archived_at: null,
    })
  })

  test.each<[string, NonNullable<EnvironmentCreate['config']> | null]>([
    ['null', null],
    ['a bare cloud', { type: 'cloud' }],
    ['nulls inside', { type: 'cloud', networking: null, packages: null }],
    ['unrestricted networking', { type: 'cloud', networking: { type: 'unrestricted' }, packages: { apt: null } }],
  ])('reads %s as open', (_, config) => {
    expect(create({ config }).config).toEqual(OPEN)
  })

  test('closes a limited network but for what is named', () => {
    expect(create({ config: { type: 'cloud', networking: { type: 'limited' } } }).config).toEqual({
      ...OPEN,
      networking: { type: 'limited', allowed_hosts: [], allow_mcp_servers: false, allow_package_managers: false },
    })
    const networking = {
      type: 'limited' as const,
      allowed_hosts: ['a.com'],
      allow_mcp_servers: true,
      allow_package_managers: true,
    }
    expect(create({ config: { type: 'cloud', networking, packages: { pip: ['numpy'] } } }).config).toEqual({
      type: 'cloud',
      networking,
      packages: { ...NO_PACKAGES, pip: ['numpy'] },
    })
  })

  test('keeps name, description and metadata', () => {
    expect(create({ description: '', metadata: { a: '1' } })).toMatchObject({ description: '', metadata: { a: '1' } })
  })

  test('stores a self-hosted environment', () => {
    expect(create({ config: { type: 'self_hosted' } }).config).toEqual({ type: 'self_hosted' })
  })

  test('takes the scope of an organization and no other', () => {
    expect(create({ scope: 'organization' })).toEqual(create({ scope: null }))
    expect(() => create({ scope: 'account' })).toThrow(ApiError)
  })

  test.each([false, null, undefined])('refuses packages that the network keeps out (%s)', (allow) => {
    const networking = { type: 'limited' as const, ...(allow === undefined ? {} : { allow_package_managers: allow }) }
    const config = { type: 'cloud' as const, networking, packages: { npm: ['left-pad'] } }
    expect(() => create({ config })).toThrow('config.packages: expected networking.allow_package_managers to be true')
  })
})

describe('packagesOf', () => {
  test('lists the packages of all managers', () => {
    const packages = { apt: ['a'], cargo: ['b'], gem: ['c'], go: ['d'], npm: ['e'], pip: ['f', 'g'] }
    expect(packagesOf({ type: 'cloud', networking: { type: 'unrestricted' }, packages })).toEqual([
      'a',
      'b',
      'c',
      'd',
      'e',
      'f',
      'g',
    ])
  })
})
