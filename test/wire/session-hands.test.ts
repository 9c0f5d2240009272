import { describe, expect, test } from 'vitest'
import { createEnvironment } from '../../src/wire/environments.ts'
import type { ApiError } from '../../src/wire/errors.ts'
import { configureHands, handRecipeOf, handsNamedIn, refuseOwnPatch } from '../../src/wire/session-hands.ts'
import type { Environment, EnvironmentCreate } from '../../src/wire/types.ts'
import { NO_PACKAGES } from '../support/packages.ts'
import { failure } from './failure.ts'

const limited = {
  type: 'limited' as const,
  allowed_hosts: ['a.test'],
  allow_mcp_servers: false,
  allow_package_managers: true,
}
const packages = { ...NO_PACKAGES, pip: ['numpy'] }

function build(id: string, more: Partial<EnvironmentCreate> = {}, change: Partial<Environment> = {}): Environment {
  return { ...createEnvironment({ name: id, ...more }, { id, now: '2026-01-02T12:00:00Z' }), ...change }
}

const theirs = { config: { type: 'self_hosted' as const } }
const world = [
  build('env_main'),
  build('env_gpu', {
    config: { type: 'cloud', networking: limited, packages },
    metadata: { 'longhand.runtime': 'runsc', 'longhand.provisioning': 'first' },
  }),
  build('env_old', {}, { archived_at: '2026-01-03T12:00:00Z' }),
  build('env_theirs', theirs),
]

async function read(id: string): Promise<Environment> {
  const found = world.find((environment) => environment.id === id)
  if (!found) throw new Error(`no environment ${id}`)
  return found
}

function configure(metadata: Record<string, string>, environment = build('env_main')) {
  return configureHands({ packages }, { metadata, environment, read })
}

async function refusalOf(promise: Promise<unknown>): Promise<Pick<ApiError, 'message' | 'options'>> {
  return promise.then(
    () => Promise.reject(new Error('expected a refusal')),
    (error: ApiError) => error,
  )
}

describe('the hands that metadata names', () => {
  test('are those of its keys, and other people’s keys are left alone', () => {
    const named = handsNamedIn({
      team: 'a',
      longhand: 'x',
      'longhand.hand.gpu': 'env_gpu',
      'longhand.hand.b2': 'env_main',
    })
    expect([...named]).toEqual([
      ['gpu', 'env_gpu'],
      ['b2', 'env_main'],
    ])
  })

  test.each([
    ['longhand.hand.', /^metadata: longhand\.hand\.: expected a name of 1 to 16 lower-case letters/],
    ['longhand.hand.main', /and not main, which every session has$/],
    ['longhand.hand.GPU', /expected a name/],
    ['longhand.hand.1a', /expected a name/],
    ['longhand.hand.a-b', /expected a name/],
    [`longhand.hand.${'a'.repeat(17)}`, /expected a name/],
    ['longhand.hands.gpu', /^metadata: longhand\.hands\.gpu: it has no meaning here; known: longhand\.hand\.<name>$/],
    ['longhand.provisioning', /no meaning here/],
  ])('are refused by name: %s', (key, message) => {
    expect(failure(() => handsNamedIn({ [key]: 'env_gpu' }))).toMatchObject({
      kind: 'invalid_request',
      options: { code: 'invalid_metadata' },
      message: expect.stringMatching(message),
    })
  })

  test('are four at most', () => {
    const keys = ['a', 'b', 'c', 'd', 'e'].map((name) => [`longhand.hand.${name}`, 'env_gpu'])
    expect(handsNamedIn(Object.fromEntries(keys.slice(1))).size).toBe(4)
    const { message } = failure(() => handsNamedIn(Object.fromEntries(keys)))
    expect(message).toBe('metadata: longhand.hand.*: expected at most 4, got 5')
  })
})

describe('what a session keeps of its hands', () => {
  test('is what their environments are now, beside what it keeps of its own', async () => {
    expect(await configure({ 'longhand.hand.gpu': 'env_gpu', 'longhand.hand.more': 'env_main' })).toEqual({
      recipe: {
        packages,
        hands: {
          gpu: { environment: 'env_gpu', networking: limited, packages, runtime: 'runsc' },
          more: { environment: 'env_main', networking: { type: 'unrestricted' } },
        },
      },
    })
  })

  test('is nothing where none is named', async () => {
    expect(await configure({ team: 'a' })).toEqual({})
    expect(await configure({}, build('env_theirs', theirs))).toEqual({})
  })

  test.each([
    ['env_old', 'environment_archived', 'metadata: longhand.hand.x: env_old is archived'],
    [
      'env_theirs',
      'invalid_metadata',
      'metadata: longhand.hand.x: the self-hosted environment env_theirs has no sandboxes of ours',
    ],
  ])('is refused of %s', async (id, code, message) => {
    expect(await refusalOf(configure({ 'longhand.hand.x': id }))).toMatchObject({ message, options: { code } })
  })

  test('is refused where its own sandboxes are the user’s', async () => {
    const { message } = await refusalOf(configure({ 'longhand.hand.x': 'env_gpu' }, build('env_mine', theirs)))
    expect(message).toBe('metadata: longhand.hand.x: the self-hosted environment env_mine has no sandboxes of ours')
  })

  test('is found by names that there are, whatever they are', async () => {
    const { recipe } = await configure({ 'longhand.hand.constructor': 'env_gpu' })
    expect(handRecipeOf(recipe, 'constructor')?.environment).toBe('env_gpu')
    expect(handRecipeOf(recipe, 'tostring')).toBeUndefined()
    expect(handRecipeOf({}, 'constructor')).toBeUndefined()
    expect(handRecipeOf(undefined, 'gpu')).toBeUndefined()
  })
})

describe('a patch of metadata', () => {
  const stored = { 'longhand.hand.gpu': 'env_gpu', 'longhand.old': 'x', team: 'a' }

  test.each([
    { patch: {} },
    { patch: { team: 'b', more: 'c' } },
    { patch: { 'longhand.hand.gpu': 'env_gpu', 'longhand.old': 'x' } },
    { patch: { 'longhand.old': null, 'longhand.hand.none': null } },
  ])('may be $patch', ({ patch }) => {
    expect(() => refuseOwnPatch(stored, patch)).not.toThrow()
  })

  test.each([
    [{ 'longhand.hand.gpu': 'env_main' }, /^metadata: longhand\.hand\.gpu: the hands of a session are given when/],
    [{ 'longhand.hand.gpu': null }, /and stay$/],
    [{ 'longhand.hand.web': 'env_gpu' }, /and stay$/],
    [{ 'longhand.old': 'y' }, /^metadata: longhand\.old: it has no meaning here/],
  ])('is refused with %j', (patch, message) => {
    expect(failure(() => refuseOwnPatch(stored, patch))).toMatchObject({
      options: { code: 'invalid_metadata' },
      message: expect.stringMatching(message),
    })
  })
})
