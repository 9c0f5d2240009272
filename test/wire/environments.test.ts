import { describe, expect, test } from 'vitest'
import { createEnvironment, packagesOf, recipeOf, updateEnvironment } from '../../src/wire/environments.ts'
import { ApiError } from '../../src/wire/errors.ts'
import type { Environment, EnvironmentCreate, EnvironmentUpdate } from '../../src/wire/types.ts'
import { NO_PACKAGES } from '../support/packages.ts'
import { failure } from './failure.ts'

const NOW = '2026-11-21T00:00:00Z'
const LATER = '2026-11-22T00:00:00Z'
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

  test.each(['--index-url=http://a.test', '', ' numpy', 'a\nb', 'a\0'])('refuses a package like %j', (name) => {
    const config = { type: 'cloud' as const, packages: { npm: ['zx'], pip: ['numpy', name] } }
    expect(failure(() => create({ config })).message).toMatch(/^config\.packages\.pip\[1\]: expected a package, which/)
    const stored = create()
    expect(() => updateEnvironment(stored, { config }, LATER)).toThrow('config.packages.pip[1]')
  })

  test('takes whatever else a manager may know as a package', () => {
    const names = ['a>=1,<2; python_version < "3.9"', '@scope/name@^1', '"; rm -rf /"', '../../x', '$(id)', 'g++']
    expect(create({ config: { type: 'cloud', packages: { pip: names } } }).config).toMatchObject({
      packages: { pip: names },
    })
  })

  test('refuses what our keys in metadata cannot say, also of an update', () => {
    const soon = { 'longhand.provisioning': 'soon' }
    expect(failure(() => create({ metadata: soon })).message).toContain('expected first, parallel or lazy')
    const known = create({ metadata: { 'longhand.provisioning': 'first' } })
    expect(() => updateEnvironment(known, { metadata: soon }, LATER)).toThrow('expected first, parallel or lazy')
    expect(updateEnvironment(known, { metadata: { 'longhand.provisioning': '' } }, LATER).metadata).toEqual({})
    expect(() => updateEnvironment({ ...known, metadata: soon }, { name: 'f' }, LATER)).not.toThrow()
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

describe('updateEnvironment', () => {
  const limited = {
    type: 'limited' as const,
    allowed_hosts: ['a.com'],
    allow_mcp_servers: true,
    allow_package_managers: true,
  }
  const packages = { ...NO_PACKAGES, apt: ['jq'], pip: ['numpy'] }
  const cloud = { type: 'cloud' as const, networking: limited, packages }
  const rich = create({ description: 'd', metadata: { a: '1', b: '2' }, config: cloud })

  test.each<[string, EnvironmentUpdate, Partial<Environment>]>([
    ['a name', { name: 'n' }, { name: 'n' }],
    ['a description', { description: 'e' }, { description: 'e' }],
    ['no description, by null', { description: null }, { description: null }],
    ['an empty description', { description: '' }, { description: '' }],
    ['a patch of metadata', { metadata: { a: null, c: '3' } }, { metadata: { b: '2', c: '3' } }],
    ['a key less, by an empty text', { metadata: { a: '' } }, { metadata: { b: '2' } }],
    [
      'other hosts, whole, and the rest of its limits',
      { config: { type: 'cloud', networking: { type: 'limited', allowed_hosts: ['b.com'] } } },
      { config: { ...cloud, networking: { ...limited, allowed_hosts: ['b.com'] } } },
    ],
    [
      'no hosts',
      { config: { type: 'cloud', networking: { type: 'limited', allowed_hosts: [] } } },
      { config: { ...cloud, networking: { ...limited, allowed_hosts: [] } } },
    ],
    [
      'a switch turned off',
      { config: { type: 'cloud', networking: { type: 'limited', allow_mcp_servers: false } } },
      { config: { ...cloud, networking: { ...limited, allow_mcp_servers: false } } },
    ],
    [
      'an open network, and its packages',
      { config: { type: 'cloud', networking: { type: 'unrestricted' } } },
      { config: { ...cloud, networking: { type: 'unrestricted' } } },
    ],
    [
      'the packages of one manager',
      { config: { type: 'cloud', packages: { pip: ['torch'], npm: ['zx'] } } },
      { config: { ...cloud, packages: { ...packages, pip: ['torch'], npm: ['zx'] } } },
    ],
    [
      'no packages of one manager',
      { config: { type: 'cloud', packages: { apt: [] } } },
      { config: { ...cloud, packages: { ...packages, apt: [] } } },
    ],
  ])('changes it to one with %s', (_, body, change) => {
    expect(updateEnvironment(rich, body, LATER)).toEqual({ ...rich, ...change, updated_at: LATER })
  })

  test.each<[string, EnvironmentUpdate]>([
    ['an empty body', {}],
    ['null for what cannot be cleared', { name: null, config: null, scope: null }],
    ['a bare cloud', { config: { type: 'cloud' } }],
    ['nulls inside', { config: { type: 'cloud', networking: null, packages: null } }],
    [
      'nulls further inside',
      {
        config: {
          type: 'cloud',
          networking: { type: 'limited', allowed_hosts: null, allow_mcp_servers: null, allow_package_managers: null },
          packages: { apt: null, pip: null },
        },
      },
    ],
    ['what is there already', { name: 'e', description: 'd', scope: 'organization', metadata: { a: '1', z: '' } }],
    ['the configuration as it is shown', { config: cloud }],
  ])('answers the stored environment itself for %s', (_, body) => {
    expect(updateEnvironment(rich, body, LATER)).toBe(rich)
  })

  test('closes a network that was open but for what is named', () => {
    const body: EnvironmentUpdate = {
      config: { type: 'cloud', networking: { type: 'limited', allowed_hosts: ['a.com'] } },
    }
    expect(updateEnvironment(create(), body, LATER).config).toEqual({
      ...OPEN,
      networking: {
        type: 'limited',
        allowed_hosts: ['a.com'],
        allow_mcp_servers: false,
        allow_package_managers: false,
      },
    })
  })

  test('leaves a self-hosted environment as it is', () => {
    const stored = create({ config: { type: 'self_hosted' } })
    expect(updateEnvironment(stored, { config: { type: 'self_hosted' } }, LATER)).toBe(stored)
  })

  test('never changes the stored environment', () => {
    const before = structuredClone(rich)
    updateEnvironment(
      rich,
      { name: 'n', metadata: { a: null }, config: { type: 'cloud', packages: { apt: [] } } },
      LATER,
    )
    expect(rich).toEqual(before)
  })

  test.each<[string, Environment, EnvironmentUpdate, string | undefined]>([
    ['an archived one', { ...rich, archived_at: NOW }, {}, 'environment_archived'],
    ['another type', rich, { config: { type: 'self_hosted' } }, 'invalid_config_type_change'],
    [
      'a cloud that was self-hosted',
      create({ config: { type: 'self_hosted' } }),
      { config: { type: 'cloud' } },
      'invalid_config_type_change',
    ],
    [
      'a seventeenth pair of metadata',
      create({ metadata: Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`k${index}`, 'v'])) }),
      { metadata: { more: 'v' } },
      'invalid_metadata',
    ],
    ['another scope', rich, { scope: 'account' }, undefined],
    [
      'a network that keeps out the packages it has',
      rich,
      { config: { type: 'cloud', networking: { type: 'limited', allow_package_managers: false } } },
      undefined,
    ],
    [
      'packages that its network keeps out',
      create({ config: { type: 'cloud', networking: { type: 'limited' } } }),
      { config: { type: 'cloud', packages: { apt: ['jq'] } } },
      undefined,
    ],
  ])('refuses %s', (_, stored, body, code) => {
    const { kind, options } = failure(() => updateEnvironment(stored, body, LATER))
    expect([kind, options.code]).toEqual(['invalid_request', code])
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

describe('the recipe of an environment', () => {
  test('is absent where it asks for nothing', () => {
    expect(recipeOf(create())).toEqual({})
    const metadata = { 'longhand.provisioning': 'first' }
    expect(recipeOf({ ...create({ config: { type: 'self_hosted' } }), metadata })).toEqual({})
  })

  test('says which packages and runtime sandboxes have, and when they are made', () => {
    const config = { type: 'cloud' as const, packages: { pip: ['numpy'] } }
    const metadata = { 'longhand.provisioning': 'parallel', 'longhand.runtime': 'runsc' }
    expect(recipeOf(create({ config, metadata }))).toEqual({
      recipe: { packages: { ...NO_PACKAGES, pip: ['numpy'] }, runtime: 'runsc', provisioning: 'parallel' },
    })
  })
})
